#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/database.h"
#include "notifier/announcement/announcement.h"

namespace trust::notifier {

/// The only SQL about announcements. Calls are part of the caller's transaction where there is one.
class AnnouncementStore {
 public:
  explicit AnnouncementStore(store::Connection& connection) : c_{connection} {}

  /// The row with its services and words; `recipients` is 0 until it is set. Several statements.
  /// Fault::conflict: (url, kind, number) is announced already.
  Status add(const Announcement& announcement);
  Status set_recipients(const std::string& id, std::int64_t recipients);

  Result<std::optional<Announcement>> find(const std::string& id);
  /// Newest first.
  Result<std::vector<Announcement>> list();
  /// Those of one page and kind, by number.
  Result<std::vector<Announcement>> of_page(const std::string& url, AnnouncementKind kind);
  /// held, holding and sending ones, oldest first; without their words.
  Result<std::vector<Announcement>> open();

  /// The state and end of hold alone: what a sender asks before each mail.
  struct Standing {
    AnnouncementState state;
    UtcTime hold_until;
  };
  Result<std::optional<Standing>> standing(const std::string& id);

  /// Each changes the state only from those named. False: it was in another state.
  Result<bool> release(const std::string& id);                     ///< holding -> sending
  Result<bool> finish(const std::string& id, UtcTime now);         ///< sending -> finished
  Result<bool> cancel(const std::string& id);                      ///< held, holding, sending
  Result<bool> resume(const std::string& id, UtcTime hold_until);  ///< held -> holding

 private:
  Status put_template(const std::string& digest, const std::string& text);

  store::Connection& c_;
};

}  // namespace trust::notifier
