#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "notifier/page/article.h"

namespace trust::notifier {

/// The post-mortem on a live page. `selectors` are tried in order, separated by commas; each is a
/// tag, ".class", "tag.class" or "#id", or several of them, each inside the one before it. Left
/// out: nav, footer, scripts, forms, what is hidden, and the texts of heading anchors ("Section
/// titled …"). E-mail addresses that Cloudflare scrambled are put back. Fault::not_found: no
/// selector matches; the page's theme has changed.
Result<Article> read_html_page(std::string_view html, std::string_view selectors);

/// The ids of the post-mortems that a live page links to: every <a href> that leads to
/// `base_url`<date>-<slug>/, absolute, from the root or relative to `base_url`, with or without its
/// last slash; a query or fragment is cut off. Each once, in the page's order, at most 1,000.
std::vector<std::string> linked_incidents(std::string_view html, std::string_view base_url);

}  // namespace trust::notifier
