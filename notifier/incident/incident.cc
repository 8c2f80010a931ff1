#include "notifier/incident/incident.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/names.h"
#include "lib/base/text.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kMaxIdBytes = 200;
constexpr std::size_t kDayBytes = 10;  // 2026-11-20
constexpr std::size_t kMaxServices = 50;
constexpr std::size_t kMaxServiceBytes = 100;

bool is_slug(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; });
}

}  // namespace

std::optional<IncidentType> incident_type_of(std::string_view name) {
  return named<IncidentType>(to_lower(trim(name)));
}

bool is_incident_id(std::string_view text) {
  if (text.size() < kDayBytes + 2 || text.size() > kMaxIdBytes) return false;
  return text[kDayBytes] == '-' && parse_iso_day(text.substr(0, kDayBytes)).has_value() &&
         is_slug(text.substr(kDayBytes + 1));
}

UtcDay day_of(std::string_view incident_id) {
  return parse_iso_day(incident_id.substr(0, kDayBytes)).value_or(UtcDay{});
}

std::string url_of(std::string_view base_url, std::string_view incident_id) {
  std::string url{base_url};
  if (!url.ends_with('/')) url += '/';
  return url + std::string{incident_id} + "/";
}

Result<std::string> incident_id_from(std::string_view base_url, std::string_view url_or_id) {
  if (is_incident_id(url_or_id)) return std::string{url_or_id};
  std::string base{base_url};
  if (!base.ends_with('/')) base += '/';
  if (url_or_id.starts_with(base)) {
    std::string_view id = url_or_id.substr(base.size());
    if (id.ends_with('/')) id.remove_suffix(1);
    if (is_incident_id(id)) return std::string{id};
  }
  return Error{Fault::invalid, "not a post-mortem's page: give its id, or its URL in the form " +
                                   base + "<date>-<slug>/ (site.base_url)"};
}

std::vector<std::string> services_from(std::string_view list) {
  std::vector<std::string> services;
  for (const std::string_view piece : split(list, ';')) {
    std::string service = fold_space(piece);
    const std::string folded = folded_service(service);
    if (folded.empty() || service.size() > kMaxServiceBytes) continue;
    const bool known = std::any_of(services.begin(), services.end(), [&](const std::string& s) {
      return folded_service(s) == folded;
    });
    if (!known && services.size() < kMaxServices) services.push_back(std::move(service));
  }
  return services;
}

std::string services_text(const std::vector<std::string>& services, std::string_view between) {
  return join(services, between);
}

std::string folded_service(std::string_view service) {
  std::string words;
  for (const char c : to_lower(service))
    words += is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ? c : ' ';
  return fold_space(words);
}

std::string duration_text(std::optional<UtcTime> start, std::optional<UtcTime> end) {
  if (!start) return "";
  if (!end) return "ongoing";
  if (*end < *start) return "";
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(*end - *start).count();
  std::vector<std::string> parts;
  if (minutes >= 24 * 60) parts.push_back(std::to_string(minutes / (24 * 60)) + " d");
  if (minutes / 60 % 24 != 0) parts.push_back(std::to_string(minutes / 60 % 24) + " h");
  if (minutes % 60 != 0 || parts.empty()) parts.push_back(std::to_string(minutes % 60) + " min");
  return join(parts, " ");
}

}  // namespace trust::notifier
