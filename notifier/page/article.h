#pragma once

/// notifier/page: what a published page says, from the live site or from a folder of Markdown.
///   article.*    the text of one post-mortem, whatever it was written in (pure)
///   html_page.*  a live page -> Article, the links of the history page (pure)
///   markdown.*   a Markdown or MDX file -> Article (pure)
///   front_matter.*  the YAML block of such a file, by libyaml's events
///   site.*       looking: one GET of a page, one look at a folder
/// Pages are hostile: at most 4 MiB, linear time, no DTD, nothing on them is fetched.
/// Not here: whether anybody is told (flow/), what was seen before (incident/).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "notifier/incident/incident.h"

namespace trust::notifier {

/// The longest page or file that is read.
inline constexpr std::size_t kMaxPageBytes = 4U << 20U;

/// A heading and the plain text below it, up to the next heading of any level.
struct Section {
  int level = 2;
  std::string heading;
  std::string text;  ///< lines; a table row or list item is a line
};

struct Article {
  std::string title;
  std::vector<Section> sections;  ///< the first may have no heading
  std::optional<IncidentType> type;
  std::vector<std::string> services;
  std::optional<UtcTime> start, end;
  std::optional<UtcTime> published;  ///< as the page itself says
  bool draft = false;                ///< the page says it is not out: draft, or status reserved

  /// The text under the heading `name` ("Root cause"), its sub-sections included. Headings are
  /// compared without case, numbering and punctuation. "" if there is none.
  std::string text_under(std::string_view name) const;
  bool has_heading(std::string_view name) const;
  /// Not a placeholder: Summary and Root cause both have words of their own ("TBD" is none).
  bool is_published() const;
  /// Everything in reading order: what the witness keeps.
  std::string whole_text() const;
};

/// Start, end, type and services from lines like "Start (UTC): 2026-03-01 09:12", where the article
/// does not have them yet.
void read_facts(Article& article);

/// "2026-03-01 09:12", "2026-03-01T09:12:00Z", with or without "UTC": a time at the beginning of
/// `text`, which is UTC as all times on the page.
std::optional<UtcTime> read_page_time(std::string_view text);

}  // namespace trust::notifier
