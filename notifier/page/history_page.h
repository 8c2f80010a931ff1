#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trust::notifier {

/// The ids of the post-mortems that a live page links to: every <a href> that leads to
/// `base_url`<date>-<slug>/, absolute, from the root or relative to `base_url`, with or without its
/// last slash; a query or fragment is cut off. Each once, in the page's order, at most 1,000.
std::vector<std::string> linked_incidents(std::string_view html, std::string_view base_url);

}  // namespace trust::notifier
