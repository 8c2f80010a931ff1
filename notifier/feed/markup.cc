#include "notifier/feed/markup.h"

#include "lib/base/text.h"
#include "lib/html/entities.h"

namespace trust::notifier {

namespace {

using html::encode_entities;

/// Valid UTF-8 without what XML 1.0 forbids: C0 but TAB and LF, U+FFFE, U+FFFF. CR and C1 go too.
std::string allowed_in_xml(std::string_view text) {
  const std::string clean = to_clean_utf8(text);
  std::string out;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto c = static_cast<unsigned char>(clean[i]);
    if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) continue;
    const std::string_view rest = std::string_view{clean}.substr(i);
    if (rest.starts_with("\xEF\xBF\xBE") || rest.starts_with("\xEF\xBF\xBF")) {
      i += 2;
      continue;
    }
    if (c == 0xC2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xA0) {
      ++i;
      continue;
    }
    out += clean[i];
  }
  return out;
}

}  // namespace

std::string xml_text(std::string_view text) { return encode_entities(allowed_in_xml(text)); }

std::string xml_html(std::string_view text) {
  return encode_entities(replace_all(encode_entities(allowed_in_xml(text)), "\n", "<br/>"));
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : to_display(text, Newlines::to_space)) {
    // A backslash is enough for Markdown; MDX takes "<" and "{" for code, so those are entities.
    if (c == '<')
      out += "&lt;";
    else if (c == '{')
      out += "&#123;";
    else if (c == '}')
      out += "&#125;";
    else if (std::string_view{"\\`*_[]|#!&~"}.find(c) != std::string_view::npos)
      out += std::string{'\\', c};
    else
      out += c;
  }
  return out;
}

}  // namespace trust::notifier
