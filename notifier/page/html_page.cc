#include "notifier/page/html_page.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <vector>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/html/reader.h"
#include "notifier/incident/incident.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kMaxDepth = 256;  ///< deeper elements are not tracked, their text is read
constexpr std::size_t kMaxSections = 2000;
constexpr std::size_t kMaxHeadingBytes = 300;

/// tag.class or #id; empty members match anything.
struct Simple {
  std::string tag, klass, id;

  bool matches(const html::Token& token) const {
    return (tag.empty() || token.name == tag) && (klass.empty() || token.has_class(klass)) &&
           (id.empty() || token.attribute("id") == id);
  }
};
using Selector = std::vector<Simple>;

Selector read_selector(std::string_view text) {
  Selector selector;
  const std::string words = fold_space(text);
  for (const std::string_view word : split(words, ' ')) {
    if (word.empty()) continue;
    const std::size_t mark = std::min(word.find_first_of(".#"), word.size());
    Simple simple{.tag = to_lower(word.substr(0, mark)), .klass = {}, .id = {}};
    if (mark < word.size())
      (word[mark] == '.' ? simple.klass : simple.id) = std::string{word.substr(mark + 1)};
    selector.push_back(std::move(simple));
  }
  return selector;
}

bool is_left_out(const html::Token& token) {
  constexpr std::string_view kTags =
      "nav|footer|script|style|noscript|template|svg|form|button|head";
  constexpr std::string_view kClasses = "sr-only|visually-hidden|sl-anchor-link|pagination-links";
  if (equals_any(token.name, kTags)) return true;
  const auto has = [&token](std::string_view name) {
    return std::any_of(token.attributes.begin(), token.attributes.end(),
                       [&](const html::Attribute& a) { return a.name == name; });
  };
  return has("hidden") || token.attribute("aria-hidden") == "true" ||
         any_word(kClasses, [&token](std::string_view c) { return token.has_class(c); });
}

int heading_level(std::string_view tag) {
  return tag.size() == 2 && tag[0] == 'h' && tag[1] >= '1' && tag[1] <= '6' ? tag[1] - '0' : 0;
}

/// Cloudflare's scrambling of addresses: hex, every byte XORed with the first.
std::string unscrambled(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size() && i < 600; i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return "";
    bytes += static_cast<char>(high * 16 + low);
  }
  if (bytes.empty()) return "";
  for (std::size_t i = 1; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ bytes[0]);
  return bytes.substr(1);
}

/// One pass over the page for one selector.
class Extraction {
 public:
  explicit Extraction(const Selector& selector) : selector_{selector} {}

  std::optional<Article> run(std::string_view html) {
    html::Reader reader{html};
    while (const std::optional<html::Token> token = reader.next()) {
      switch (token->type) {
        case html::Token::Type::text: text(token->text); break;
        case html::Token::Type::start: start(*token); break;
        case html::Token::Type::end: end(token->name); break;
      }
    }
    end_section();
    if (!found_) return std::nullopt;
    article_.title =
        to_clean_utf8(cut_utf8(fold_space(h1_.empty() ? page_title() : h1_), kMaxHeadingBytes));
    return std::move(article_);
  }

 private:
  struct Open {
    std::string name;
    std::size_t matched = 0;  ///< parts of the selector found on the way here
    bool left_out = false;
    bool is_article = false;
  };

  bool in_article() const { return article_depth_ > 0; }
  bool left_out() const { return !open_.empty() && open_.back().left_out; }

  void text(std::string_view words) {
    if (in_title_) title_ += words;
    if (left_out()) return;
    if (in_h1_) h1_ += words;
    if (!in_article() || in_h1_) return;
    (in_heading_ ? section_.heading : line_) += words;
  }

  void start(const html::Token& token) {
    if (token.name == "title" && title_.empty()) in_title_ = true;
    const bool block = html::is_block_element(token.name);
    if (token.name == "td" || token.name == "th") {
      if (!trim(line_).empty()) line_ += " | ";
    } else if (block || token.name == "br") {
      end_line();
    }
    if (html::is_void_element(token.name)) return;

    Open entry{.name = token.name};
    entry.left_out = left_out() || is_left_out(token);
    entry.matched = open_.empty() ? 0 : open_.back().matched;
    if (entry.matched < selector_.size() && selector_[entry.matched].matches(token))
      ++entry.matched;
    entry.is_article = !found_ && entry.matched == selector_.size() && !entry.left_out;
    const int level = entry.left_out ? 0 : heading_level(token.name);
    in_heading_ = in_heading_ && !block;
    in_h1_ = in_h1_ && !block;
    if (level == 1 && h1_.empty()) {
      in_h1_ = true;
    } else if (level > 0 && in_article()) {
      end_section();
      section_.level = level;
      in_heading_ = true;
    }
    const std::string_view scrambled = token.attribute("data-cfemail");
    if (!scrambled.empty()) {
      text(unscrambled(scrambled));
      entry.left_out = true;
    }
    if (open_.size() >= kMaxDepth) return;
    if (entry.is_article) {
      found_ = true;
      article_depth_ = open_.size() + 1;
    }
    open_.push_back(std::move(entry));
  }

  void end(std::string_view name) {
    if (name == "title") in_title_ = false;
    if (heading_level(name) > 0) in_heading_ = in_h1_ = false;
    if (html::is_block_element(name) && name != "td" && name != "th") end_line();
    const auto match = std::find_if(open_.rbegin(), open_.rend(),
                                    [&](const Open& entry) { return entry.name == name; });
    if (match == open_.rend()) return;
    open_.resize(static_cast<std::size_t>(open_.rend() - match) - 1);
    if (in_article() && open_.size() < article_depth_) {
      end_section();
      article_depth_ = 0;
    }
  }

  void end_line() {
    const std::string line = fold_space(line_);
    line_.clear();
    if (line.empty() || !in_article()) return;
    if (!section_.text.empty()) section_.text += '\n';
    section_.text += line;
  }

  void end_section() {
    end_line();
    if ((!section_.heading.empty() || !section_.text.empty()) &&
        article_.sections.size() < kMaxSections) {
      section_.heading = to_clean_utf8(cut_utf8(fold_space(section_.heading), kMaxHeadingBytes));
      section_.text = to_clean_utf8(section_.text);
      article_.sections.push_back(std::move(section_));
    }
    section_ = {};
    in_heading_ = false;
  }

  /// "Haven DNS timeouts | Docs" -> "Haven DNS timeouts"
  std::string page_title() const { return title_.substr(0, title_.find(" | ")); }

  const Selector& selector_;
  Article article_;
  Section section_;
  std::string line_, title_, h1_;
  std::vector<Open> open_;
  std::size_t article_depth_ = 0;  ///< size of `open_` with the article on top; 0: not inside it
  bool found_ = false, in_title_ = false, in_h1_ = false, in_heading_ = false;
};

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

Result<Article> read_html_page(std::string_view html, std::string_view selectors) {
  for (const std::string_view text : split(selectors, ',')) {
    const Selector selector = read_selector(text);
    if (selector.empty()) continue;
    std::optional<Article> article = Extraction{selector}.run(html);
    if (!article) continue;
    read_facts(*article);
    return *std::move(article);
  }
  return Error{
      Fault::not_found,
      "no article was found on the page; look at it, and set site.article if its theme has "
      "changed"};
}

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
