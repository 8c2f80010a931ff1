#include "notifier/page/history_page.h"

#include <algorithm>
#include <unordered_set>

#include "lib/base/text.h"
#include "lib/html/reader.h"
#include "notifier/incident/incident.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kMostLinks = 1000;

/// What follows `base_url` in `href`; "" if it leads elsewhere.
std::string_view below(std::string_view href, std::string_view base_url) {
  href = trim(href);
  href = href.substr(0, href.find_first_of("?#"));
  const std::size_t host = base_url.find("://");
  const std::size_t path_at =
      host == std::string_view::npos ? base_url.size() : base_url.find('/', host + 3);
  const std::string_view path = base_url.substr(std::min(path_at, base_url.size()));
  for (const std::string_view prefix : {base_url, path})
    if (!prefix.empty() && href.starts_with(prefix)) return href.substr(prefix.size());
  if (href.starts_with("./")) href.remove_prefix(2);
  return href;  // relative; a scheme or another path is no id
}

}  // namespace

std::vector<std::string> linked_incidents(std::string_view html, std::string_view base_url) {
  std::vector<std::string> ids;
  std::unordered_set<std::string> seen;
  html::Reader reader{html};
  while (const std::optional<html::Token> token = reader.next()) {
    if (!token->is_start("a")) continue;
    std::string_view id = below(token->attribute("href"), base_url);
    if (id.ends_with('/')) id.remove_suffix(1);
    if (is_incident_id(id) && ids.size() < kMostLinks && seen.emplace(id).second)
      ids.emplace_back(id);
  }
  return ids;
}

}  // namespace trust::notifier
