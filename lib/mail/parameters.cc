// RFC 2045 5.1 and RFC 2231: "text/plain; charset=…" and what mailers make of it.
#include <algorithm>
#include <utility>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMostSegments = 10'000;

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    out +=
        escape ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

/// Walks "; name = value ( comment ) ; …".
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_{text} {}

  bool at_end() const { return at_ >= text_.size(); }

  /// White space and comments, which may nest.
  void skip_space() {
    for (;;) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      if (at_ >= text_.size() || text_[at_] != '(' || !skip_comment()) return;
    }
  }

  bool take(char wanted) {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  /// Up to one of `stops`, without blanks at the ends.
  std::string_view take_until(std::string_view stops) {
    const std::size_t end = std::min(text_.find_first_of(stops, at_), text_.size());
    const std::string_view piece = text_.substr(at_, end - at_);
    at_ = end;
    return trim(piece);
  }

  /// The content of a quoted string whose first quote was taken. Only \" and \\ are escapes:
  /// mailers put file names with backslashes here.
  std::string take_quoted() {
    std::string out;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        break;
      }
      const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (c == '\\' && (next == '"' || next == '\\')) {
        c = next;
        ++at_;
      }
      out += c;
    }
    return out;
  }

 private:
  bool skip_comment() {
    if (endless_comment_) return false;
    const std::size_t end = comment_end(text_, at_);
    endless_comment_ = end == std::string_view::npos;  // then it is text; looking once is enough
    if (!endless_comment_) at_ = end;
    return !endless_comment_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool endless_comment_ = false;
};

/// A parameter as it may come in pieces: name*0*=…; name*1=…
struct Pieces {
  std::map<std::size_t, std::pair<std::string, bool>> segments;  ///< text, percent-encoded?
  std::optional<std::string> plain;
};

DecodedText join_pieces(const Pieces& pieces) {
  if (pieces.segments.empty()) return decode_words(*pieces.plain);
  std::string bytes, charset;
  bool any_encoded = false;
  for (const auto& [index, segment] : pieces.segments) {
    std::string_view text = segment.first;
    if (!segment.second) {
      bytes += text;
      continue;
    }
    if (!any_encoded) {  // charset'language'text, which only the first one has
      const std::size_t first = text.find('\'');
      const std::size_t second =
          first == std::string_view::npos ? first : text.find('\'', first + 1);
      if (second != std::string_view::npos) {
        charset = text.substr(0, first);
        text.remove_prefix(second + 1);
      }
    }
    any_encoded = true;
    bytes += percent_decode(text);
  }
  return any_encoded ? to_utf8(bytes, charset) : decode_words(bytes);
}

/// "filename*1*" is segment 1 of "filename", percent-encoded.
void add_piece(std::map<std::string, Pieces>& all, std::string name, std::string value) {
  bool encoded = false;
  std::optional<std::size_t> index;
  if (name.ends_with('*')) {
    encoded = true;
    name.pop_back();
  }
  const std::size_t star = name.rfind('*');
  if (star != std::string::npos && star + 1 < name.size()) {
    const std::string_view digits = std::string_view{name}.substr(star + 1);
    if (digits.size() <= 5) index = number_of<std::size_t>(digits);
    if (index) name.resize(star);
  } else if (encoded) {
    index = 0;
  }
  if (name.empty()) return;
  Pieces& pieces = all[name];
  if (index && *index < kMostSegments)
    pieces.segments.try_emplace(*index, std::move(value), encoded);
  else if (!index && !pieces.plain)
    pieces.plain = std::move(value);
}

}  // namespace

std::size_t comment_end(std::string_view text, std::size_t open) {
  std::size_t depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '(')
      ++depth;
    else if (text[i] == ')' && --depth == 0)
      return i + 1;
  }
  return std::string_view::npos;
}

std::string_view Parameterised::parameter(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view{} : found->second;
}

Parameterised parse_parameters(std::string_view raw_value) {
  std::string decoded;
  if (trim(raw_value).starts_with("=?")) {
    decoded = decode_words(raw_value).text;
    raw_value = decoded;
  }
  Parameterised out;
  std::map<std::string, Pieces> pieces;
  Cursor cursor{raw_value};
  cursor.skip_space();
  out.value = to_lower(cursor.take_until("; \t\r\n("));
  if (const std::size_t equals = out.value.find('='); equals != std::string::npos) {
    cursor = Cursor{raw_value};  // the value itself is missing, parameters begin at once
    out.value.clear();
  } else {
    cursor.take_until(";");
  }
  while (!cursor.at_end()) {
    cursor.take(';');
    cursor.skip_space();
    std::string name = to_lower(cursor.take_until("=;"));
    if (!cursor.take('=')) continue;
    cursor.skip_space();
    std::string value;
    if (cursor.take('"')) {
      value = cursor.take_quoted();
      cursor.take_until(";");
    } else {
      std::string_view text = cursor.take_until(";");
      if (text.ends_with(')'))  // a comment has a blank before it, a name like "a(1).txt" has none
        if (const std::size_t comment = text.rfind(" ("); comment != std::string_view::npos)
          text = trim(text.substr(0, comment));
      value = text;
    }
    add_piece(pieces, std::move(name), std::move(value));
  }
  for (const auto& [name, piece] : pieces) {
    DecodedText text = join_pieces(piece);
    out.lossy |= text.lossy;
    out.parameters.emplace(to_clean_utf8(name), std::move(text.text));
  }
  out.value = to_clean_utf8(out.value);
  return out;
}

}  // namespace trust::mail
