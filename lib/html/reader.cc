#include "lib/html/reader.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/html/entities.h"

namespace trust::html {

namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostAttributes = 64;
constexpr std::size_t npos = std::string_view::npos;

constexpr std::string_view kRaw = "script|style|iframe|noembed|noframes|xmp|title|textarea";
constexpr std::string_view kVoid =
    "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr";
constexpr std::string_view kBlock =
    "address|article|aside|blockquote|body|caption|center|dd|details|div|dl|dt|fieldset|figure|"
    "footer|form|h1|h2|h3|h4|h5|h6|header|hr|li|main|nav|ol|p|pre|section|summary|table|td|th|tr|"
    "ul";

/// HTML's own white space has the form feed too.
bool is_space(char c) { return trust::is_space(c) || c == '\f'; }

}  // namespace

std::string_view Token::attribute(std::string_view wanted) const {
  for (const Attribute& a : attributes)
    if (a.name == wanted) return a.value;
  return {};
}

bool Token::has_class(std::string_view wanted) const {
  const std::string words = fold_space(attribute("class"));
  const auto pieces = split(words, ' ');
  return std::find(pieces.begin(), pieces.end(), wanted) != pieces.end();
}

bool is_void_element(std::string_view name) { return equals_any(name, kVoid); }
bool is_block_element(std::string_view name) { return equals_any(name, kBlock); }

std::optional<Token> Reader::next() {
  while (at_ < html_.size()) {
    if (!raw_until_.empty()) {
      if (std::optional<Token> text = raw_text()) return text;
      continue;
    }
    if (html_[at_] == '<') {
      const char c = at(at_ + 1);
      if (is_letter(c) || (c == '/' && is_letter(at(at_ + 2)))) return tag();
      if (c == '!' || c == '?' || c == '/') {
        skip_markup();
        continue;
      }
    }
    // Text: to the next "<" that may begin something; a lone "<" is text itself.
    const std::size_t end = std::min(html_.find('<', at_ + 1), html_.size());
    Token token{.type = Token::Type::text, .text = decode_entities(html_.substr(at_, end - at_))};
    at_ = end;
    return token;
  }
  return std::nullopt;
}

void Reader::skip_markup() {
  std::size_t end = npos;
  if (html_.compare(at_, 4, "<!--") == 0) {
    // "<!-->" and "<!--->" are whole comments.
    end = html_.find("-->", at_ + 2);
    if (end != npos) end += 2;
  } else {
    end = html_.find('>', at_);
  }
  at_ = end == npos ? html_.size() : end + 1;
}

std::optional<Token> Reader::raw_text() {
  const std::string name = std::move(raw_until_);
  raw_until_.clear();
  std::size_t end = at_;
  for (;; ++end) {
    end = find_ignoring_case(html_, "</" + name, end);
    if (end == npos) end = html_.size();
    const char after = at(end + 2 + name.size());
    if (end == html_.size() || !is_letter(after)) break;
  }
  const std::string_view text = html_.substr(at_, end - at_);
  at_ = end;
  if (text.empty() || (name != "title" && name != "textarea")) return std::nullopt;
  return Token{.type = Token::Type::text, .text = decode_entities(text)};
}

std::optional<Token> Reader::tag() {
  Token token;
  const bool end = at(at_ + 1) == '/';
  token.type = end ? Token::Type::end : Token::Type::start;
  at_ += end ? 2 : 1;
  const std::size_t first = at_;
  while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '/' && html_[at_] != '>')
    ++at_;
  token.name = to_lower(html_.substr(first, std::min(at_ - first, kLongestName)));
  read_attributes(token);
  if (end) {
    token.attributes.clear();
  } else if (equals_any(token.name, kRaw)) {
    raw_until_ = token.name;
  }
  return token;
}

void Reader::read_attributes(Token& token) {
  const auto skip_space = [this] {
    while (at_ < html_.size() && is_space(html_[at_])) ++at_;
  };
  while (at_ < html_.size()) {
    skip_space();
    if (at(at_) == '>') {
      ++at_;
      return;
    }
    if (at(at_) == '/') {
      ++at_;
      continue;
    }
    const std::size_t first = at_;
    // A name may begin with "=", as browsers have it; so every round moves on.
    do {
      ++at_;
    } while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '=' &&
             html_[at_] != '>' && html_[at_] != '/');
    const std::string_view name = html_.substr(first, std::min(at_ - first, kLongestName));
    skip_space();
    std::string_view value;
    if (at(at_) == '=') {
      ++at_;
      skip_space();
      const char quote = at(at_);
      if (quote == '"' || quote == '\'') {
        const std::size_t end = std::min(html_.find(quote, at_ + 1), html_.size());
        value = html_.substr(at_ + 1, end > at_ ? end - at_ - 1 : 0);
        at_ = std::min(end + 1, html_.size());
      } else {
        const std::size_t begin = at_;
        while (at_ < html_.size() && !is_space(html_[at_]) && html_[at_] != '>') ++at_;
        value = html_.substr(begin, at_ - begin);
      }
    }
    if (first >= html_.size() || token.attributes.size() >= kMostAttributes) continue;
    std::string lower = to_lower(name);
    if (token.attribute(lower).data() == nullptr)
      token.attributes.push_back({std::move(lower), decode_entities(value)});
  }
}

}  // namespace trust::html
