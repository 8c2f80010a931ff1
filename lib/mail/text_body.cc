#include "lib/mail/text_body.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/mail/header.h"
#include "lib/mail/html_text.h"
#include "lib/mail/transfer.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMaxName = 1000;

bool is_message(const Part& part) { return part.type.starts_with("message/"); }
bool is_leaf(const Part& part) { return part.parts.empty() || is_message(part); }

bool is_readable(const Part& part) {
  return (part.type == "text/plain" || part.type == "text/html") &&
         part.disposition != "attachment" && is_leaf(part);
}

/// What `<meta charset>` or its http-equiv form says in the first kilobyte; "" if nothing.
std::string_view charset_in_html(std::string_view html) {
  html = html.substr(0, 1024);
  constexpr std::string_view kKey = "charset=";
  std::size_t at = find_ignoring_case(html, "<meta");
  if (at != std::string_view::npos) at = find_ignoring_case(html, kKey, at);
  if (at == std::string_view::npos) return {};
  html.remove_prefix(at + kKey.size());
  while (!html.empty() && (html.front() == '"' || html.front() == '\'')) html.remove_prefix(1);
  return html.substr(0, html.find_first_of("\"'; />\r\n"));
}

std::string with_plain_line_ends(std::string text) {
  if (text.find('\r') == std::string::npos) return text;
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      out += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      out += '\n';
  }
  return out;
}

/// RFC 3676 4: a line that ends with a space goes on in the next one of the same quote depth; the
/// space before ">", "From " and spaces that was stuffed is taken away.
std::string unflow(std::string_view text, bool delete_space) {
  std::string out;
  bool open = false;  // the last line goes on
  std::size_t last_depth = 0;
  for (std::string_view line : lines_of(text)) {
    std::size_t depth = 0;
    while (depth < line.size() && line[depth] == '>') ++depth;
    line.remove_prefix(depth);
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    const bool signature = line == "-- ";
    const bool joins = open && depth == last_depth && !signature;
    if (!joins) {
      if (open) out += '\n';
      out.append(depth, '>');
      if (depth > 0) out += ' ';
    }
    open = !signature && !line.empty() && line.back() == ' ';
    out += line;
    if (open && delete_space) out.pop_back();
    if (!open) out += '\n';
    last_depth = depth;
  }
  return out;
}

/// Walks the tree in order. Its depth is scan's limit at the most.
class Walk {
 public:
  Walk(std::string_view raw, Body& body) : raw_{raw}, body_{body} {}

  /// The text of `part` and what is in it; attachments are noted on the way.
  std::string visit(const Part& part) {
    if (part.type == "multipart/alternative" && !part.parts.empty()) return best_of(part);
    if (!is_leaf(part)) {
      std::string text;
      for (const Part& inner : part.parts) append(text, visit(inner));
      return text;
    }
    if (!is_readable(part) || !part.name.empty()) {
      if (named_ == nullptr && is_readable(part)) named_ = &part;
      note_attachment(part);
      return {};
    }
    return read(part);
  }

  /// The first text part that has a name and is meant to be seen in place.
  const Part* named() const { return named_; }

  std::string read(const Part& part) {
    DecodedText decoded = text_of(raw_, part);
    body_.lossy_charset = body_.lossy_charset || decoded.lossy;
    if (part.type != "text/html") return std::move(decoded.text);
    body_.has_html = true;
    return html_to_text(decoded.text);
  }

 private:
  static void append(std::string& text, const std::string& more) {
    if (more.empty()) return;
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += more;
  }

  static bool holds_html(const Part& part) {
    if (is_leaf(part)) return part.type == "text/html";
    return std::any_of(part.parts.begin(), part.parts.end(), holds_html);
  }

  /// The first alternative with words that is not HTML, else the first with words: senders put the
  /// plain one first.
  std::string best_of(const Part& part) {
    std::string plain, rich;
    for (const Part& inner : part.parts) {
      std::string text = visit(inner);
      std::string& place = holds_html(inner) ? rich : plain;
      if (trim(place).empty()) place = std::move(text);
    }
    return trim(plain).empty() ? rich : plain;
  }

  void note_attachment(const Part& part) {
    Attachment a;
    for (const char c : to_clean_utf8(part.name))
      if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) a.name += c;
    a.name = std::string{trim(cut_utf8(a.name, kMaxName))};
    body_.lossy_charset = body_.lossy_charset || part.name_lossy;
    a.type = part.type;
    a.begin = part.body_begin;
    a.end = part.body_end;
    a.encoding = part.encoding;
    if (!is_message(part)) a.bytes = decoded_size(part.body(raw_), encoding_of(part.encoding));
    body_.attachments.push_back(std::move(a));
  }

  std::string_view raw_;
  Body& body_;
  const Part* named_ = nullptr;
};

}  // namespace

DecodedText text_of(std::string_view raw, const Part& part) {
  const std::string bytes = decode_transfer(part.body(raw), encoding_of(part.encoding));
  std::string_view charset = part.charset;
  if (charset.empty() && part.type == "text/html") charset = charset_in_html(bytes);
  DecodedText decoded = to_utf8(bytes, charset);
  decoded.text = with_plain_line_ends(std::move(decoded.text));
  if (part.format_flowed && part.type == "text/plain") {
    const Parameterised type =
        parse_parameters(Header::read(part.header(raw)).value("Content-Type"));
    decoded.text = unflow(decoded.text, equals_ignoring_case(type.parameter("delsp"), "yes"));
  }
  return decoded;
}

Body read_body(std::string_view raw, const Part& root) {
  Body body;
  Walk walk{raw, body};
  body.text = walk.visit(root);
  if (trim(body.text).empty() && walk.named() != nullptr) body.text = walk.read(*walk.named());
  return body;
}

}  // namespace trust::mail
