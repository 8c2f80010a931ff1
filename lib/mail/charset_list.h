#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace trust::mail {

/// How the bytes of a charset are read: by code of ours, or by iconv.
enum class Way { utf8, ascii, latin, utf16, iso2022jp, iconv };

struct Charset {
  std::string_view name;
  Way way;
  /// Spaced; letters and digits only, a leading windows, win, cp, ms, ibm, dos or iso left out.
  std::string_view labels;
  const char* first = nullptr;   ///< iconv's name
  const char* second = nullptr;  ///< a wider one, for bytes that the first does not know
  std::size_t width = 1;         ///< bytes that are skipped over at an error
};

/// Every charset that is known, in a fixed order.
std::span<const Charset> charset_list();

/// A label as the list spells them: lower-case letters and digits, up to a language.
std::string key_of_label(std::string_view label);
/// The charset a key means, with or without a vendor's prefix; null if it means none.
const Charset* charset_of_key(std::string_view key);

}  // namespace trust::mail
