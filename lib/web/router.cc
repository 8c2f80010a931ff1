#include "lib/web/router.h"

#include <algorithm>
#include <exception>

namespace trust::web {

namespace {

std::string_view method_of(const Request& request) {
  for (const std::string_view known : {"GET", "HEAD", "POST"})
    if (request.method == known) return known;
  return "other";
}

}  // namespace

Answered Router::answer(const Request& request) const {
  const std::string_view method = method_of(request);
  const auto route = std::find_if(routes_.begin(), routes_.end(),
                                  [&](const Route& r) { return r.path == request.path; });
  if (route == routes_.end()) return {plain(404, "There is no such page."), method, "none"};
  const Handler none;
  const Handler& handler = method == "POST" ? route->post : method != "other" ? route->get : none;
  if (!handler) {
    Response refused = plain(405, "This page does not take that method.");
    refused.fields.emplace_back("Allow", !route->post  ? "GET, HEAD"
                                         : !route->get ? "POST"
                                                       : "GET, HEAD, POST");
    return {std::move(refused), method, route->path};
  }
  try {
    return {handler(request), method, route->path};
  } catch (const std::exception&) {
    return {plain(500, "Something went wrong here. Please try again later."), method, route->path};
  }
}

}  // namespace trust::web
