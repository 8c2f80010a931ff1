#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/store/database.h"

namespace trust::store {

/// Facts that stand once per installation, in the `meta` table that each program's schema has.
enum class Fact {
  key_check,   ///< Keyring::check_value() of the keyring this store belongs to
  first_look,  ///< epoch ms of the first successful look (notifier)
  last_look,   ///< epoch ms of the last one, of the mailbox or the publications
  last_probe,  ///< epoch ms of the last time that /readyz or /metrics tried to write
};

class MetaStore {
 public:
  explicit MetaStore(Connection& connection) : c_{connection} {}

  Result<std::optional<std::string>> get(Fact fact);
  /// A fact that is a time; one that cannot be read is none.
  Result<std::optional<UtcTime>> time(Fact fact);
  Status put(Fact fact, std::string_view value);
  Status put(Fact fact, UtcTime time);

  /// From now on each statement of this connection ends within 3 s: done or Fault::unavailable.
  Status be_brief();

 private:
  Connection& c_;
};

}  // namespace trust::store
