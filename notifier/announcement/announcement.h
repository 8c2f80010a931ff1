#pragma once

/// notifier/announcement: what is told, to whom, and when it may leave.
///   announcement.h        the value and its states;  rules.*  when staff are asked first (pure)
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

#include "lib/base/time.h"
#include "notifier/incident/incident.h"

namespace trust::notifier {

enum class AnnouncementKind { post_mortem, correction, follow_up };
std::string_view name_of(AnnouncementKind kind);
std::optional<AnnouncementKind> announcement_kind_of(std::string_view name);

enum class AnnouncementState { held, holding, sending, finished, cancelled };
std::string_view name_of(AnnouncementState state);
std::optional<AnnouncementState> announcement_state_of(std::string_view name);

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

}  // namespace trust::notifier
