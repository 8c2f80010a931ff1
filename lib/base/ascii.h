#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace trust {

/// Characters of ASCII protocols, whatever the locale says. No byte from 0x80 on is any of these.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alnum(char c) { return is_letter(c) || is_digit(c); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_space(char c) { return is_blank(c) || c == '\r' || c == '\n'; }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
constexpr bool is_visible(char c) { return c > ' ' && c < 0x7F; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
/// The value of a hexadecimal digit; -1 if it is none.
constexpr int hex_digit(char c) {
  return is_digit(c) ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

/// Whether every character is one of the kind; true for "".
template <class Kind>
constexpr bool all_of(std::string_view text, Kind kind) {
  return std::all_of(text.begin(), text.end(), kind);
}

/// The number that `text` is from its first to its last character; nothing if it is none, or out of
/// Number's range. No sign but a "-" for signed types, no blanks.
template <class Number>
std::optional<Number> number_of(std::string_view text, int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, failed] = std::from_chars(text.data(), end, number, base);
  return failed == std::errc{} && stopped == end ? std::optional{number} : std::nullopt;
}

}  // namespace trust
