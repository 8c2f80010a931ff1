#pragma once

/// notifier/announcement: what is told, to whom, and when it may leave.
///   announcement.h        the value and its states; when staff are asked first (pure)
///   announcement_store.*  the only SQL about announcements and the words frozen with them
/// States:  holding -> sending -> finished       held: staff are asked first
///          cancelled from held, holding and sending
/// Promise: one row per (URL, kind, number), committed together with its recipients and their
/// count; none of the three changes afterwards.
/// Not here: the recipients' mails (delivery/), the steps in their order (flow/page_published).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/names.h"
#include "lib/base/time.h"
#include "notifier/incident/incident.h"

namespace trust::notifier {

enum class AnnouncementKind { post_mortem, correction, follow_up };
constexpr Names<AnnouncementKind, 3> names(AnnouncementKind) {
  return {"post_mortem", "correction", "follow_up"};
}

enum class AnnouncementState { held, holding, sending, finished, cancelled };
constexpr Names<AnnouncementState, 5> names(AnnouncementState) {
  return {"held", "holding", "sending", "finished", "cancelled"};
}

struct Announcement {
  std::string id;
  std::string url;
  std::string incident_id;
  AnnouncementKind kind = AnnouncementKind::post_mortem;
  int number = 1;
  AnnouncementState state = AnnouncementState::holding;
  std::string held_because;  ///< several_new, old_page; "" if it never was
  UtcTime hold_until;
  std::int64_t recipients = 0;
  std::string title;  ///< what the mail says, frozen, down to `html_template`
  std::string summary;
  IncidentType type = IncidentType::outage;
  std::vector<std::string> services;
  std::optional<UtcTime> start, end;
  std::string text_template, html_template;  ///< the files' texts
  UtcTime created_at;                        ///< the Date of its mails
  std::string created_by;                    ///< staff address, or "site"
  std::optional<UtcTime> finished_at;
};

/// Why staff are asked before a page that a look found is announced: "several_new" (more than two
/// new pages in one look), "old_page" (its day is more than 30 days ago); "" = they are not.
std::string reason_to_ask(int new_pages_in_this_look, UtcDay page_day, UtcTime now);

/// How long `mails` take at `rate_per_second`, in words: "about 17 min"; a rate of 0 is "as fast as
/// the relay takes them".
std::string time_needed(std::int64_t mails, int rate_per_second);

}  // namespace trust::notifier
