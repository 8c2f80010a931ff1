#pragma once

#include <string_view>

#include "lib/base/text.h"

namespace trust {

/// Tables of words and phrases as one text, "|" between them: "user unknown|no such user".

/// Whether `test` holds for one of the words.
template <class Test>
bool any_word(std::string_view words, Test test) {
  for (;;) {
    const std::size_t end = words.find('|');
    if (test(words.substr(0, end))) return true;
    if (end == std::string_view::npos) return false;
    words.remove_prefix(end + 1);
  }
}

/// The same for the usual questions; ASCII case is ignored.
inline bool equals_any(std::string_view text, std::string_view words) {
  return any_word(words, [&](std::string_view w) { return equals_ignoring_case(text, w); });
}
inline bool starts_with_any(std::string_view text, std::string_view words) {
  return any_word(words, [&](std::string_view w) { return starts_with_ignoring_case(text, w); });
}
inline bool contains_any(std::string_view text, std::string_view words) {
  return any_word(words, [&](std::string_view w) {
    return find_ignoring_case(text, w) != std::string_view::npos;
  });
}

}  // namespace trust
