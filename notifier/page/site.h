#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/net/http_fetch.h"
#include "notifier/page/article.h"

namespace trust::notifier {

/// One GET; net::http_get bound to the configured site, or a test's own.
using Fetch = std::function<Result<net::HttpAnswer>(const std::string& url)>;
/// Only `base_url`'s origin, no redirects, ≤ 4 MiB, ≤ 20 s. The history page is asked for by its
/// ETag: unchanged, it is not sent again. One thread.
Fetch fetch_from(const std::string& base_url, const std::optional<std::string>& ca_file,
                 const net::Interrupt* interrupt = nullptr);

/// A post-mortem as found.
struct Page {
  std::string id;
  std::string url;
  Article article;
};

/// A file that was not read: one of our words, "too_large", "front_matter", "unreadable".
struct BadFile {
  std::string id;
  std::string reason;
};

/// A look at a folder: every file "<date>-<slug>.md" or ".mdx", and "<date>-<slug>/index.md(x)".
struct FolderLook {
  std::vector<Page> pages;  ///< by id
  std::vector<BadFile> bad;
};

/// Where post-mortems are published.
struct Site {
  std::string base_url;               ///< with its slash
  std::optional<std::string> folder;  ///< none: live pages only
  bool check_live = true;
  std::string selectors;  ///< of the article, see html_page.h
  Fetch fetch;

  /// Fault::unavailable: the folder cannot be listed.
  Result<FolderLook> look_at_folder() const;
  /// The page from the folder, if there is one and it has the file.
  Result<std::optional<Page>> find_in_folder(const std::string& id) const;
  /// The live page read. Fault::not_found: 404, 410; unavailable: any other answer than 200, a page
  /// that ends in the middle, no article on it.
  Result<Page> read_live(const std::string& id) const;
  /// The ids that the live history page (`base_url`) links to. Nothing: the site has no such page
  /// (404, 410). Fault::unavailable: any other answer than 200, a page that ends in the middle, or
  /// one with neither links nor an article, as an error page is.
  Result<std::optional<std::vector<std::string>>> read_history() const;
  /// Success: the live page answers 200 and is not visibly the placeholder still. Faults as above.
  Status check_is_live(const std::string& id) const;
};

}  // namespace trust::notifier
