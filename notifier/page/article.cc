#include "notifier/page/article.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kFactLines = 400;  ///< facts stand at the top of a page

/// "1. Root-Cause:" -> "root cause"
std::string plain_heading(std::string_view heading) {
  std::string words;
  for (const char c : to_lower(heading))
    words += is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ? c : ' ';
  words = fold_space(words);
  std::size_t number = 0;
  while (number < words.size() && is_digit(words[number])) ++number;
  if (number > 0 && number < words.size() && words[number] == ' ') words.erase(0, number + 1);
  return words;
}

/// Whether a section says something: "", "—" and "TBD" do not.
bool has_words(std::string_view text) {
  std::string words{text};
  for (const char* dots : {"\u2026", "\u2014", "\u2013", "\u00A0"})
    words = replace_all(words, dots, " ");
  words = plain_heading(words);
  return !equals_any(words, "|tbd|tba|todo|to be written|to follow|pending|coming soon|n a");
}

/// What follows one of `labels` at the beginning of a line: "Start (UTC): x" -> "x". "" where only
/// the label stands there; nothing where it does not.
std::optional<std::string_view> value_after(std::string_view line,
                                            std::initializer_list<std::string_view> labels) {
  while (!line.empty() && !is_alnum(line.front())) line.remove_prefix(1);  // bullets
  for (const std::string_view label : labels) {
    if (!starts_with_ignoring_case(line, label)) continue;
    std::string_view rest = trim(line.substr(label.size()));
    bool separated = rest.empty();
    if (starts_with_ignoring_case(rest, "(utc)")) {
      rest = trim(rest.substr(5));
      separated = true;
    }
    while (!rest.empty() && (rest.front() == ':' || rest.front() == '|' || rest.front() == ' ')) {
      rest.remove_prefix(1);
      separated = true;
    }
    if (separated) return trim(rest);
  }
  return std::nullopt;
}

std::vector<std::string> services_in(std::string_view value) {
  return services_from(replace_all(std::string{value}, ",", ";"));
}

}  // namespace

std::optional<UtcTime> read_page_time(std::string_view text) {
  text = trim(text);
  const std::string_view token = text.substr(0, text.find_first_of(" \t|,;)"));
  if (const Result<UtcTime> exact = parse_rfc3339(token)) return *exact;
  if (text.size() < 16 || (text[10] != ' ' && text[10] != 'T')) return std::nullopt;
  std::size_t end = 16;
  if (text.size() >= 19 && text[16] == ':' && is_digit(text[17]) && is_digit(text[18])) end = 19;
  // Something else than UTC behind it ("09:12 CET", "09:12+01:00") is not read as UTC.
  std::string_view zone = text.substr(end);
  if (zone.starts_with('Z')) zone.remove_prefix(1);
  if (zone.starts_with('-')) return std::nullopt;
  zone = trim(zone);
  if (zone.starts_with('+')) return std::nullopt;
  if (text.substr(end, 1) != "Z" && zone.size() >= 3 && is_alnum(zone[0]) &&
      !starts_with_ignoring_case(zone, "utc") && !starts_with_ignoring_case(zone, "gmt"))
    return std::nullopt;
  std::string written{text.substr(0, 10)};
  written += 'T';
  written += text.substr(11, end - 11);
  if (end == 16) written += ":00";
  const Result<UtcTime> time = parse_rfc3339(written + "Z");
  return time ? std::optional{*time} : std::nullopt;
}

bool Article::has_heading(std::string_view name) const {
  const std::string wanted = plain_heading(name);
  return std::any_of(sections.begin(), sections.end(),
                     [&](const Section& s) { return plain_heading(s.heading) == wanted; });
}

std::string Article::text_under(std::string_view name) const {
  const std::string wanted = plain_heading(name);
  std::string text;
  const auto add = [&text](std::string_view more) {
    if (trim(more).empty()) return;
    if (!text.empty()) text += '\n';
    text += more;
  };
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (plain_heading(sections[i].heading) != wanted) continue;
    add(sections[i].text);
    const int level = sections[i].level;
    for (; i + 1 < sections.size() && sections[i + 1].level > level; ++i) {
      add(sections[i + 1].heading);
      add(sections[i + 1].text);
    }
  }
  return text;
}

bool Article::is_published() const {
  return !draft && has_words(text_under("Summary")) && has_words(text_under("Root cause"));
}

std::string Article::whole_text() const {
  std::string text = title + "\n";
  for (const Section& section : sections) {
    if (!section.heading.empty())
      text += "\n" + std::string(static_cast<std::size_t>(section.level), '#') + " " +
              section.heading + "\n";
    text += section.text + "\n";
  }
  return text;
}

void read_facts(Article& article) {
  std::vector<std::string_view> lines;
  for (const Section& section : article.sections)
    for (const std::string_view line : lines_of(section.text))
      if (!trim(line).empty() && lines.size() < kFactLines) lines.push_back(line);
  const auto find = [&](std::initializer_list<std::string_view> labels) -> std::string_view {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto value = value_after(lines[i], labels);
      if (!value) continue;
      if (!value->empty()) return *value;
      if (i + 1 < lines.size()) return trim(lines[i + 1]);
    }
    return {};
  };
  if (!article.start) article.start = read_page_time(find({"start", "started", "start time"}));
  if (!article.end) article.end = read_page_time(find({"end", "ended", "end time"}));
  if (article.start && article.end && *article.end < *article.start) article.end.reset();
  if (!article.type) {
    const std::string_view type = find({"type", "event class", "class"});
    article.type = incident_type_of(type.substr(0, type.find_first_of(" ,;(|")));
  }
  if (article.services.empty())
    article.services =
        services_in(find({"services", "service", "affected services", "affected service"}));
}

}  // namespace trust::notifier
