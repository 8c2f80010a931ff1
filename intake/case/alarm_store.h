#pragma once

#include <string_view>
#include <vector>

#include "intake/case/case.h"
#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::intake {

/// The SQL about what staff are told by the clock. What was told stands on the promise itself, so
/// it is told once for ever: whatever is purged from the outbox, whoever joins the staff, wherever
/// the clock jumps. Calls take part in the caller's transaction.
class AlarmStore {
 public:
  explicit AlarmStore(store::Connection& connection) : c_{connection} {}

  /// Open promises due after `now` and not after `until` that nobody was warned of; those of
  /// quarantined mails from the beginning.
  Result<std::vector<Promise>> to_warn(UtcTime now, UtcTime until);
  /// Open promises due at `now` or before that were not called late.
  Result<std::vector<Promise>> to_call_late(UtcTime now);
  /// False: told before, or settled meanwhile.
  Result<bool> warn(const Promise& promise, UtcTime now);
  Result<bool> call_late(const Promise& promise, UtcTime now);

  /// Of what is done once a day: "morning", "anchor".
  Result<bool> was_done(std::string_view what, UtcDay day);
  /// False: it was done on that day.
  Result<bool> begin(std::string_view what, UtcDay day);

 private:
  store::Connection& c_;
};

}  // namespace trust::intake
