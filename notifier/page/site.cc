#include "notifier/page/site.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "lib/base/file.h"
#include "lib/base/words.h"
#include "notifier/page/html_page.h"
#include "notifier/page/markdown.h"

namespace trust::notifier {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 10'000;

/// The id of the post-mortem that `entry` may hold, and its file: "ID.md(x)" or "ID/index.md(x)".
struct Candidate {
  std::string id;
  fs::path file;
};
std::optional<Candidate> candidate_in(const fs::directory_entry& entry) {
  std::error_code ignored;
  const fs::path& path = entry.path();
  const std::string extension = path.extension().string();
  if (extension == ".md" || extension == ".mdx") {
    std::string id = path.stem().string();
    // A pipe or device would hang the look.
    if (is_incident_id(id) && entry.is_regular_file(ignored)) return Candidate{std::move(id), path};
    return std::nullopt;
  }
  std::string id = path.filename().string();
  if (!is_incident_id(id) || !entry.is_directory(ignored)) return std::nullopt;
  for (const char* name : {"index.mdx", "index.md"})
    if (fs::is_regular_file(path / name, ignored)) return Candidate{std::move(id), path / name};
  return std::nullopt;
}

Result<Article> read_candidate(const fs::path& file) {
  const Result<std::string> text = read_file(file.string(), kMaxPageBytes);
  if (!text) return text.error();
  return read_markdown(*text);
}

std::string_view why_bad(const fs::path& file, const Error& error) {
  std::error_code failed;
  if (error.fault() != Fault::invalid) return "unreadable";
  return fs::file_size(file, failed) > kMaxPageBytes && !failed ? "too_large" : "front_matter";
}

/// A page's HTML. Fault::not_found: 404, 410.
Result<std::string> page_at(const Fetch& fetch, const std::string& url, const std::string& name) {
  Result<net::HttpAnswer> answer = fetch(url);
  if (!answer) return answer.error().within(name);
  const std::string what = name + " answers HTTP " + std::to_string(answer->code);
  if (answer->code == 404 || answer->code == 410)
    return Error{Fault::not_found, what + ": it is not published yet; try again when it is"};
  if (answer->code != 200)
    return Error{Fault::unavailable, what + "; it has to answer 200 before anyone is told"};
  if (contains_any(answer->body, "<html") && !contains_any(answer->body, "</html"))
    return Error{Fault::unavailable, name + " ends in the middle; try again when it is whole"};
  return std::move(answer->body);
}

}  // namespace

Fetch fetch_from(const std::string& base_url, const std::optional<std::string>& ca_file,
                 const net::Interrupt* interrupt) {
  net::FetchLimits limits;
  limits.max_bytes = kMaxPageBytes;
  limits.ca_file = ca_file.value_or("");
  limits.interrupt = interrupt;
  return [base_url, limits, held = std::make_shared<net::HttpAnswer>()](
             const std::string& url) -> Result<net::HttpAnswer> {
    const std::string origins[] = {base_url};
    if (url != base_url) return net::http_get(url, origins, limits);
    net::FetchLimits asked = limits;
    asked.etag = held->etag;
    Result<net::HttpAnswer> answer = net::http_get(url, origins, asked);
    if (answer && answer->code == 304 && !held->etag.empty()) return *held;
    if (answer && answer->code == 200) *held = *answer;
    return answer;
  };
}

Result<FolderLook> Site::look_at_folder() const {
  FolderLook look;
  if (!folder) return look;
  std::map<std::string, fs::path> files;
  std::error_code failed;
  for (fs::directory_iterator it{*folder, failed}, end; !failed && it != end; it.increment(failed))
    if (files.size() < kMaxFiles)
      if (std::optional<Candidate> found = candidate_in(*it))
        files.emplace(std::move(found->id), std::move(found->file));
  if (failed)
    return Error{Fault::unavailable,
                 "site.folder cannot be read; check that it is there and readable by this program"};
  for (const auto& [id, file] : files) {
    Result<Article> article = read_candidate(file);
    if (article)
      look.pages.push_back({id, url_of(base_url, id), *std::move(article)});
    else
      look.bad.push_back({id, std::string{why_bad(file, article.error())}});
  }
  return look;
}

Result<std::optional<Page>> Site::find_in_folder(const std::string& id) const {
  if (!folder) return std::optional<Page>{};
  std::error_code ignored;
  for (const std::string& name : {id + ".mdx", id + ".md", id}) {
    const fs::directory_entry entry{fs::path{*folder} / name, ignored};
    const std::optional<Candidate> found = candidate_in(entry);
    if (!found) continue;
    Result<Article> article = read_candidate(found->file);
    if (!article) return article.error();
    return std::optional{Page{id, url_of(base_url, id), *std::move(article)}};
  }
  return std::optional<Page>{};
}

Result<Page> Site::read_live(const std::string& id) const {
  const std::string url = url_of(base_url, id);
  const Result<std::string> html = page_at(fetch, url, "the live page");
  if (!html) return html.error();
  Result<Article> read = read_html_page(*html, selectors);
  if (!read) return Error{Fault::unavailable, read.error().text()};
  return Page{id, url, *std::move(read)};
}

Result<std::optional<std::vector<std::string>>> Site::read_history() const {
  const Result<std::string> html = page_at(fetch, base_url, "the history page");
  if (!html && html.error().fault() == Fault::not_found)
    return std::optional<std::vector<std::string>>{};
  if (!html) return html.error();
  std::vector<std::string> ids = linked_incidents(*html, base_url);
  if (ids.empty() && !read_html_page(*html, selectors))
    return Error{Fault::unavailable, "the history page has neither links nor an article"};
  return std::optional{std::move(ids)};
}

Status Site::check_is_live(const std::string& id) const {
  const Result<std::string> html = page_at(fetch, url_of(base_url, id), "the live page");
  if (!html) return html.error();
  // A reserved address answers 200 with a placeholder until the site is built again.
  const Result<Article> read = read_html_page(*html, selectors);
  if (read && !read->is_published() &&
      (read->has_heading("Summary") || read->has_heading("Root cause")))
    return Error{Fault::unavailable,
                 "the live page still shows the placeholder; try again when the site is built"};
  return ok();
}

}  // namespace trust::notifier
