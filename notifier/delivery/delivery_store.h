#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/database.h"
#include "notifier/announcement/announcement.h"
#include "notifier/delivery/delivery.h"

namespace trust::notifier {

/// The SQL about deliveries that lib/outbox does not have.
class DeliveryStore {
 public:
  explicit DeliveryStore(store::Connection& connection) : c_{connection} {}

  /// One queued row for each confirmed reader who wants one of the announcement's services (all of
  /// them where it names none), due at the end of its hold (a held one: never). How many. One
  /// statement, whatever the length of the list. REQUIRES the announcement's row with its services,
  /// in the same transaction. `mail_domain` is the right side of the Message-IDs.
  Result<std::int64_t> fan_out(const Announcement& announcement, const std::string& mail_domain);
  /// How many readers a fan-out would reach now.
  Result<std::int64_t> count_readers(const std::vector<std::string>& services);

  /// The end of a hold, in a transaction of its own: the rows are counted against `recipients`, and
  /// the first mail may leave. Late by over a minute (nobody was running), the mails' two days
  /// count from now. False: it was released or cancelled before, or its hold is not over.
  /// Fault::internal: the count differs; nothing is sent.
  Result<bool> release(const std::string& announcement_id, UtcTime now);
  /// held -> holding until `hold_until`, rows included; a transaction of its own. False: not held.
  Result<bool> resume(const std::string& announcement_id, UtcTime hold_until, UtcTime now);

  Result<Report> report(const Announcement& announcement);
  /// Whether anything is left to send; cheaper than a report.
  Result<bool> is_finished(const std::string& announcement_id);
  /// At most `limit`, newest first.
  Result<std::vector<Undelivered>> undelivered(const std::string& announcement_id, int limit);

 private:
  store::Connection& c_;
};

}  // namespace trust::notifier
