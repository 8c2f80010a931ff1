#pragma once

/// lib/html: hostile HTML as a flat run of tokens, for whoever wants its words.
///   reader.*    tags and text in one pass
///   entities.*  "&amp;" and its kin
/// Linear time, no tree, no recursion, no DTD, nothing is fetched, nothing is rendered. What the
/// words mean stands elsewhere (lib/mail/html_text, notifier/page).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trust::html {

struct Attribute {
  std::string name;   ///< lower case
  std::string value;  ///< entities decoded; "" without one
};

struct Token {
  enum class Type { text, start, end };
  Type type = Type::text;
  std::string name{};  ///< of a tag, lower case, at most 64 bytes
  std::string text{};  ///< entities decoded, white space as written; bytes of unknown charset pass
  std::vector<Attribute> attributes{};  ///< of a start tag, at most 64; the first of doubled names

  bool is_start(std::string_view tag) const { return type == Type::start && name == tag; }
  /// "" if there is none.
  std::string_view attribute(std::string_view wanted) const;
  /// Whether `wanted` is one of the words of class="…".
  bool has_class(std::string_view wanted) const;
};

/// Tokens of `html` in order, as browsers cut them: comments, doctypes and processing instructions
/// are dropped, a "<" that begins no tag is text, an unclosed tag or comment swallows the rest.
/// What stands in script, style, iframe, noembed, noframes, xmp is dropped; in title and textarea
/// it is text. `html` must outlive the reader.
class Reader {
 public:
  explicit Reader(std::string_view html) : html_{html} {}
  /// Nothing at the end.
  std::optional<Token> next();

 private:
  std::optional<Token> tag();
  std::optional<Token> raw_text();
  void skip_markup();
  void read_attributes(Token& token);
  char at(std::size_t i) const { return i < html_.size() ? html_[i] : '\0'; }

  std::string_view html_;
  std::size_t at_ = 0;
  std::string raw_until_;  ///< name of the element whose raw content comes next
};

/// Elements that never have an end tag: br, img, hr, meta, …
bool is_void_element(std::string_view name);
/// Elements that stand on lines of their own: p, div, li, h1, tr, …
bool is_block_element(std::string_view name);

}  // namespace trust::html
