#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trust {

/// ASCII only; every other byte is left as it is. Mail protocols are ASCII (RFC 5234).
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
/// Byte offset of `needle` in `text`, ASCII case ignored; npos if absent.
std::size_t find_ignoring_case(std::string_view text, std::string_view needle,
                               std::size_t from = 0);

/// Without spaces, tabs, CR and LF at both ends.
std::string_view trim(std::string_view text);
/// Every run of white space becomes one space; none at the ends.
std::string fold_space(std::string_view text);

/// The pieces between separators, empty ones included; "" gives one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Lines without their CRLF, LF or lone CR; a last line without an ending counts.
std::vector<std::string_view> lines_of(std::string_view text);
std::string join(const std::vector<std::string>& pieces, std::string_view between);
std::string replace_all(std::string text, std::string_view what, std::string_view with);

bool is_valid_utf8(std::string_view text);
/// The same text as valid UTF-8 without NUL: each bad byte or NUL becomes U+FFFD. Both stores
/// take the result (PostgreSQL refuses NUL and bad UTF-8).
std::string to_clean_utf8(std::string_view text);
/// At most `max_bytes` of `text`, never cut inside a UTF-8 sequence.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes);
/// For terminals and one-line displays: C0, C1, DEL become a space, bidi controls, zero-width
/// characters and BOM become "‹U+202E›" style marks. Newlines stay if `keep_newlines`.
enum class Newlines { keep, to_space };
std::string to_display(std::string_view text, Newlines newlines);

std::string to_hex(std::string_view bytes);
/// `count` bytes in words: "512 B", "12 KiB", "60 MiB".
std::string size_in_words(std::uint64_t count);

/// The candidate a person most likely meant by a mistyped `word`, or "" if none is near: at most a
/// third of its letters wrong, missing, doubled or swapped (and at least one may be). ASCII case
/// counts as no difference. Words over 64 bytes have no neighbours. The first of equals wins.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace trust
