#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/mail/transport.h"
#include "lib/outbox/outbox.h"
#include "lib/store/database.h"

namespace trust::outbox {

/// What a dead worker left behind.
struct Recovered {
  int queued = 0;     ///< were claimed; nothing had been sent
  int uncertain = 0;  ///< were sending; the end of the mail may have left
};

/// A row's state after a verdict.
struct Verdict {
  State state = State::queued;
  UtcTime due;            ///< when it may be tried again
  int attempts_made = 0;  ///< 1 if this sending counts, 0 if the relay was at fault
  int reply_code = 0;
  std::string reply_status{};
  std::string reply_text;  ///< addresses already cut out
};

/// The only SQL about the outbox. Calls are single statements: atomic alone, and part of the
/// caller's transaction where there is one.
class OutboxStore {
 public:
  explicit OutboxStore(store::Connection& connection) : c_{connection} {}

  /// False: a mail for that (kind, reference) is there already, and nothing changed.
  Result<bool> add(const NewMail& mail, UtcTime now);

  /// Up to `limit` due rows, most urgent first, now held by `owner` until `lease_until`.
  Result<std::vector<ClaimedMail>> claim(const std::string& owner, int limit, UtcTime now,
                                         UtcTime lease_until);
  /// claimed -> sending. False: the row is not (or no longer) held by `owner`.
  Result<bool> mark_sending(const std::string& id, const std::string& owner, UtcTime now);
  /// The leases of `owner` that end before `if_before`.
  Status extend(const std::string& owner, UtcTime if_before, UtcTime lease_until);
  /// claimed or sending -> the verdict's state; also of a row that was found uncertain meanwhile.
  /// False: no longer held by `owner`.
  Result<bool> record(const std::string& id, const std::string& owner, const Verdict& verdict,
                      UtcTime now);
  /// Rows of `owner` that were claimed and not sent go back to queued.
  Status give_back(const std::string& owner, UtcTime now);

  /// Rows whose worker is gone: lease over, or every held row if `all` (we hold the store alone).
  Result<Recovered> recover(UtcTime now, bool all);
  /// Uncertain rows that have waited `pause` are queued once more; their second time is final.
  Result<int> queue_uncertain_again(UtcTime now, std::chrono::milliseconds pause);
  /// Due rows past their expiry become failed.
  Result<int> expire(UtcTime now);

  /// Whether a mail that leaves before those of kind `than` is due and in nobody's hands.
  Result<bool> is_more_urgent_due(Kind than, UtcTime now);
  /// Whether any row is due now or in a worker's hands.
  Result<bool> is_busy(UtcTime now);
  /// Whether mail flows.
  struct Flow {
    std::optional<UtcTime> oldest_due;      ///< of what waits and is due
    std::optional<UtcTime> relay_answered;  ///< the last verdict that was the relay's
  };
  Result<Flow> flow(UtcTime now);
  /// Rows by state, of one batch or (batch "") of all.
  Result<std::map<std::string, int>> count_by_state(const std::string& batch);
  /// Rows by state, of those that changed since then.
  Result<std::map<std::string, int>> count_changed_since(UtcTime since);
  /// Rows of a batch with none of them in a worker's hands -> cancelled; how many.
  Result<int> cancel_batch(const std::string& batch, UtcTime now);

 private:
  store::Connection& c_;
};

}  // namespace trust::outbox
