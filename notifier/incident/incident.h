#pragma once

/// notifier/incident: the register. One incident, one page, one URL for the life of the platform.
///   incident.h/.cc      the value, its states, and what a page's name must look like (pure)
///   incident_store.*    the only SQL about incidents, corrections and seen page versions
/// States: schema/0002_notifier.sql. Not here: reading pages (page/), telling people
/// (announcement/), what the public sees (feed/).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/names.h"
#include "lib/base/result.h"
#include "lib/base/time.h"

namespace trust::notifier {

enum class IncidentType { security, outage, degradation };
constexpr Names<IncidentType, 3> names(IncidentType) {
  return {"security", "outage", "degradation"};
}
/// As a page writes it, in any case of letters.
std::optional<IncidentType> incident_type_of(std::string_view name);

enum class IncidentStatus { reserved, confirmed, ended, published, corrected, withdrawn };
constexpr Names<IncidentStatus, 6> names(IncidentStatus) {
  return {"reserved", "confirmed", "ended", "published", "corrected", "withdrawn"};
}

struct Correction {
  int number = 1;
  UtcTime at;
};

struct Incident {
  std::string id;   ///< "2026-11-20-haven-dns", the last segment of the URL
  std::string url;  ///< always with a slash at the end
  std::string title;
  std::string summary;  ///< plain text
  IncidentType type = IncidentType::outage;
  std::vector<std::string> services;  ///< as the page writes them
  std::optional<UtcTime> start;
  std::optional<UtcTime> end;
  IncidentStatus status = IncidentStatus::reserved;
  bool revealed = true;
  std::optional<UtcTime> published_at;  ///< when we first saw it, or (before us) as it says
  bool before_us = false;               ///< out before our first look: announced to nobody
  std::string withdrawn_because;
  std::vector<Correction> corrections;  ///< by number
};

/// Whether `text` is "<date>-<slug>": a real day, then lower-case letters, digits and single
/// hyphens; at most 200 bytes. Anything else is no page of ours.
bool is_incident_id(std::string_view text);
/// The day an id begins with. REQUIRES is_incident_id.
UtcDay day_of(std::string_view incident_id);
/// `base_url` with one slash at its end + id + "/".
std::string url_of(std::string_view base_url, std::string_view incident_id);
/// The id of "URL|ID" as a person types it: an id, or a URL under `base_url` (slash at the end or
/// not, nothing behind it). Fault::invalid otherwise: only pages under `base_url` are announced.
Result<std::string> incident_id_from(std::string_view base_url, std::string_view url_or_id);

/// "A; B" <-> {"A", "B"}: trimmed, empty and repeated ones dropped, at most 50, each ≤ 100 bytes.
std::vector<std::string> services_from(std::string_view list);
std::string services_text(const std::vector<std::string>& services, std::string_view between = ";");
/// The form services are matched in: ASCII lower case, every run of other ASCII than letters and
/// digits one space, so that "Haven DNS" and "haven-dns" are one.
std::string folded_service(std::string_view service);

/// "1 d 2 h 5 min", "45 min", "ongoing" without an end, "" without a start.
std::string duration_text(std::optional<UtcTime> start, std::optional<UtcTime> end);

}  // namespace trust::notifier
