#include "intake/answer/register.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/ascii.h"

namespace trust::intake {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestUrl = 500;

std::string text_at(const json& object, const char* key) {
  const auto value = object.find(key);
  return value != object.end() && value->is_string() ? value->get<std::string>() : std::string{};
}

std::string_view without_slash(std::string_view url) {
  return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

}  // namespace

Result<Register> Register::from_json(std::string_view text) {
  const Error wrong{Fault::invalid, "register: this is not the notifier's incidents.json"};
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return wrong;
  const auto list = root.find("incidents");
  if (list == root.end() || !list->is_array()) return wrong;
  Register found;
  for (const json& item : *list) {
    if (!item.is_object()) return wrong;
    found.incidents_.push_back({text_at(item, "id"), text_at(item, "url"), text_at(item, "title"),
                                text_at(item, "status")});
  }
  return found;
}

const RegisteredIncident* Register::find_url(std::string_view url) const {
  const auto found = std::find_if(incidents_.begin(), incidents_.end(), [&](const auto& incident) {
    return !incident.url.empty() && without_slash(incident.url) == without_slash(url);
  });
  return found == incidents_.end() ? nullptr : &*found;
}

const RegisteredIncident* Register::find_id(std::string_view id) const {
  const auto found = std::find_if(incidents_.begin(), incidents_.end(),
                                  [&](const auto& incident) { return incident.id == id; });
  return found == incidents_.end() ? nullptr : &*found;
}

bool is_plain_https_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme) || url.size() > kLongestUrl) return false;
  const std::string_view rest = url.substr(kScheme.size());
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.back() != '.' &&
         host.find('@') == std::string_view::npos && all_of(url, is_visible) &&
         url.find_first_of("\"'<>\\`{}") == std::string_view::npos;
}

}  // namespace trust::intake
