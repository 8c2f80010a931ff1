#include "notifier/page/markdown.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/html/reader.h"
#include "notifier/page/front_matter.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kMaxSections = 2000;
constexpr std::size_t kMaxHeadingBytes = 300;
constexpr std::size_t kLongestLink = 2000;  ///< bounds the search for its end

bool is_word(char c) { return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80; }

/// Without everything between `open` and `close`; an unclosed one swallows the rest.
std::string without(std::string_view text, std::string_view open, std::string_view close) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find(open, at);
    out += text.substr(at, begin == std::string_view::npos ? begin : begin - at);
    if (begin == std::string_view::npos) return out;
    const std::size_t end = text.find(close, begin + open.size());
    if (end == std::string_view::npos) return out;
    at = end + close.size();
  }
}

/// Tags gone, entities decoded.
std::string without_tags(std::string_view text) {
  std::string out;
  html::Reader reader{text};
  while (const std::optional<html::Token> token = reader.next())
    if (token->type == html::Token::Type::text) out += token->text;
  return out;
}

/// Where the link or image that begins with the "[" at `at` ends, and its words; npos: it is none.
struct Link {
  std::string_view words;
  std::size_t end = std::string_view::npos;
};
Link link_at(std::string_view text, std::size_t at) {
  const std::string_view near = text.substr(at, kLongestLink);
  const std::size_t close = near.find("](");
  if (close == std::string_view::npos) return {};
  const std::size_t end = near.find(')', close);
  if (end == std::string_view::npos) return {};
  return {near.substr(1, close - 1), at + end + 1};
}

/// Whether `c` between its neighbours is a mark of code, an image or emphasis.
bool is_mark(char c, char before, char after) {
  if (c == '*') return after != ' ' || before != ' ';
  if (c == '_') return !is_word(before) || !is_word(after);
  return c == '`' || (c == '!' && after == '[');
}

/// Marks of emphasis, code and links removed.
std::string plain(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char before = i > 0 ? text[i - 1] : ' ';
    const char after = i + 1 < text.size() ? text[i + 1] : ' ';
    if (c == '\\' && !is_word(after) && after != ' ') {
      out += after;
      ++i;
    } else if (is_mark(c, before, after)) {
      continue;
    } else if (c == '[') {
      const Link link = link_at(text, i);
      if (link.end == std::string_view::npos) {
        out += c;
        continue;
      }
      for (const char w : link.words)
        if (w != '*' && w != '`') out += w;
      i = link.end - 1;
    } else {
      out += c;
    }
  }
  return fold_space(without_tags(out));
}

/// "## Root cause ##" -> level and words; level 0: no heading.
struct Heading {
  int level = 0;
  std::string_view words;
};
Heading heading_of(std::string_view line) {
  const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
  if (indent > 3) return {};
  line.remove_prefix(indent);
  const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
  if (level == 0 || level > 6) return {};
  if (level < line.size() && line[level] != ' ' && line[level] != '\t') return {};
  std::string_view words = trim(line.substr(level));
  if (words.ends_with('}') && words.find("{#") != std::string_view::npos)
    words = trim(words.substr(0, words.find("{#")));
  while (words.ends_with('#')) words.remove_suffix(1);
  return {static_cast<int>(level), trim(words)};
}

bool consists_of(std::string_view line, std::string_view characters) {
  line = trim(line);
  return !line.empty() && line.find_first_not_of(characters) == std::string_view::npos;
}

class Reading {
 public:
  explicit Reading(Article& article) : article_{article} {}

  void run(std::string_view body) {
    for (const std::string_view line : lines_of(body)) take(line);
    end_section();
  }

 private:
  void take(std::string_view line) {
    const std::string_view words = trim(line);
    if (words.starts_with("```") || words.starts_with("~~~")) {
      fenced_ = !fenced_;
      return;
    }
    if (fenced_) return add(fold_space(words));
    if (const Heading heading = heading_of(line); heading.level > 0)
      return begin_section(heading.level, plain(heading.words));
    // A line of === or --- makes the paragraph line above it a heading.
    if (!last_.empty() && (consists_of(line, "=") || consists_of(line, "-"))) {
      const std::string heading = last_;
      section_.text.resize(section_.text.size() - std::min(section_.text.size(), heading.size()));
      return begin_section(words.front() == '=' ? 1 : 2, heading);
    }
    if (consists_of(line, "-*_= ") || consists_of(line, "|-: ")) return blank();
    if (words.starts_with("import ") && words.find_first_of("'\"") != std::string_view::npos)
      return;
    if (words.starts_with("export const ")) return;
    std::string_view cells = words;
    if (cells.starts_with('|')) cells.remove_prefix(1);
    if (cells.size() < words.size() && cells.ends_with('|')) cells.remove_suffix(1);
    const std::string text = plain(cells);
    if (text.empty()) return blank();
    add(text);
    last_ = text;
  }

  void blank() { last_.clear(); }

  void add(std::string_view text) {
    if (text.empty()) return;
    if (!section_.text.empty() && section_.text.back() != '\n') section_.text += '\n';
    section_.text += text;
  }

  void begin_section(int level, std::string heading) {
    end_section();
    heading = std::string{cut_utf8(heading, kMaxHeadingBytes)};
    if (level == 1) {
      if (article_.title.empty()) article_.title = std::move(heading);
      return;
    }
    section_.level = level;
    section_.heading = std::move(heading);
  }

  void end_section() {
    section_.text = std::string{trim(section_.text)};
    if ((!section_.heading.empty() || !section_.text.empty()) &&
        article_.sections.size() < kMaxSections)
      article_.sections.push_back(std::move(section_));
    section_ = {};
    last_.clear();
  }

  Article& article_;
  Section section_;
  std::string last_;  ///< the paragraph line above, if there is one
  bool fenced_ = false;
};

/// The value of a key at the top level or under "incident"; "" if there is none.
std::string value_of(const FrontMatter& matter, const std::string& key) {
  for (const std::string& name : {"incident." + key, key})
    if (const auto found = matter.find(name); found != matter.end() && !found->second.empty())
      return found->second.front();
  return "";
}

void read_matter(Article& article, const FrontMatter& matter) {
  article.title = std::string{cut_utf8(fold_space(value_of(matter, "title")), kMaxHeadingBytes)};
  article.type = incident_type_of(value_of(matter, "type"));
  for (const char* key : {"incident.services", "services", "incident.service", "service"}) {
    const auto found = matter.find(key);
    if (found == matter.end()) continue;
    article.services = services_from(
        replace_all(services_text(found->second), found->second.size() == 1 ? "," : ";", ";"));
    break;
  }
  article.start = read_page_time(value_of(matter, "start"));
  article.end = read_page_time(value_of(matter, "end"));
  article.published = read_page_time(value_of(matter, "published"));
  article.draft = value_of(matter, "draft") == "true" || value_of(matter, "status") == "reserved";
}

}  // namespace

Result<Article> read_markdown(std::string_view file) {
  const std::string clean = to_clean_utf8(file);
  const Result<MarkdownFile> parts = split_front_matter(clean);
  if (!parts) return parts.error();
  Article article;
  read_matter(article, parts->front_matter);
  Reading{article}.run(without(without(parts->body, "<!--", "-->"), "{/*", "*/}"));
  for (const auto& [key, heading] :
       {std::pair{"summary", "Summary"}, {"root_cause", "Root cause"}}) {
    const std::string text = value_of(parts->front_matter, key);
    if (!text.empty() && !article.has_heading(heading))
      article.sections.push_back({2, heading, std::string{trim(text)}});
  }
  read_facts(article);
  return article;
}

}  // namespace trust::notifier
