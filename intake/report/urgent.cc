#include "intake/report/urgent.h"

#include <algorithm>
#include <string>

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

constexpr std::size_t kLongestMark = 16;  // bytes of "Re", "Fwd", "AW", "Antwort", "转发"
constexpr int kMostMarks = 20;

/// Blanks, zero-width characters and full-width forms brought to ASCII.
std::string plain_form(std::string_view subject) {
  struct Pair {
    std::string_view from, to;
  };
  constexpr Pair kPairs[] = {{"\xC2\xA0", " "},     {"\xE2\x80\x8B", ""},  {"\xE2\x80\x8C", ""},
                             {"\xE2\x80\x8D", ""},  {"\xE2\x80\x8E", ""},  {"\xE2\x80\x8F", ""},
                             {"\xE2\x81\xA0", ""},  {"\xEF\xBB\xBF", ""},  {"\xC2\xAD", ""},
                             {"\xE3\x80\x80", " "}, {"\xE2\x80\x93", "-"}, {"\xE2\x80\x94", "-"},
                             {"\xE2\x80\xAF", " "}, {"\xE2\x80\x89", " "}, {"\xEF\xB8\x8F", ""}};
  std::string out;
  for (std::size_t at = 0; at < subject.size();) {
    const std::string_view rest = subject.substr(at);
    const auto pair = std::find_if(std::begin(kPairs), std::end(kPairs),
                                   [&](const Pair& p) { return rest.starts_with(p.from); });
    if (pair != std::end(kPairs)) {
      out += pair->to;
      at += pair->from.size();
    } else if (rest.size() > 2 && rest[0] == '\xEF' && (rest[1] == '\xBC' || rest[1] == '\xBD')) {
      // U+FF01-FF5E are ASCII, wide (EF BC 81 is "!", EF BD 80 is "`").
      const int low = static_cast<unsigned char>(rest[2]) - 0x80;
      const int ascii = (rest[1] == '\xBC' ? 0x20 : 0x60) + low;
      out += ascii > 0x20 && ascii < 0x7F ? static_cast<char>(ascii) : '?';
      at += 3;
    } else {
      out += subject[at++];
    }
  }
  return to_lower(out);
}

bool is_word(char c) { return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80; }

/// What stands around the words: anything but letters and digits.
void skip_ornaments(std::string_view& text) {
  for (;;) {
    // Symbols of four bytes are emoji, those of E2 are arrows, bullets and signs: no letters.
    if (!text.empty() && (text.front() == '\xF0' || text.front() == '\xE2'))
      text.remove_prefix(std::min<std::size_t>(text.size(), text.front() == '\xF0' ? 4 : 3));
    else if (!text.empty() && !is_word(text.front()) && text.front() != '[')
      text.remove_prefix(1);
    else
      return;
  }
}

bool begins_with_the_words(std::string_view text) {
  const auto take = [&](std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
  };
  const auto take_any = [&](std::string_view characters) {
    const std::size_t end = std::min(text.find_first_not_of(characters), text.size());
    text.remove_prefix(end);
    return end > 0;
  };
  if (!take("security")) return false;
  take_any(" \t\r\n-_/*");
  if (!take("urgent")) return false;
  take_any(" \t");
  return text.empty() ||
         std::string_view{":-])}>!|,;.*_\"'"}.find(text.front()) != std::string_view::npos;
}

}  // namespace

bool says_security_urgent(std::string_view subject) {
  const std::string plain = plain_form(subject.substr(0, 1000));
  std::string_view text = plain;
  for (int marks = 0; marks < kMostMarks; ++marks) {
    skip_ornaments(text);
    if (text.starts_with('[')) {
      if (begins_with_the_words(text.substr(std::min(text.find_first_not_of("[ "), text.size()))))
        return true;
      const std::size_t close = text.find(']');
      if (close == std::string_view::npos) return false;
      text.remove_prefix(close + 1);
      continue;
    }
    if (begins_with_the_words(text)) return true;
    // "Re:", "Re[2]:", "AW :", "Antwort:"
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon > kLongestMark) return false;
    const std::string_view mark = trim(text.substr(0, colon));
    if (mark.find(' ') != std::string_view::npos) return false;
    text.remove_prefix(colon + 1);
  }
  return false;
}

}  // namespace trust::intake
