#include "lib/base/text.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cstddef>

#include "lib/base/ascii.h"

namespace trust {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// Length of the valid UTF-8 sequence at `at` (RFC 3629: no overlong forms, no surrogates, at most
/// U+10FFFF) and its code point; 0 if there is none.
struct Sequence {
  std::size_t length;
  char32_t point;
};

Sequence sequence_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto more = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(at);
  if (first < 0x80) return {1, first};
  if (first >= 0xC2 && first <= 0xDF && more(at + 1))
    return {2, ((first & 0x1FU) << 6U) | (byte(at + 1) & 0x3FU)};
  if (first >= 0xE0 && first <= 0xEF && more(at + 1) && more(at + 2)) {
    const char32_t point =
        ((first & 0x0FU) << 12U) | ((byte(at + 1) & 0x3FU) << 6U) | (byte(at + 2) & 0x3FU);
    if (point >= 0x800 && (point < 0xD800 || point > 0xDFFF)) return {3, point};
  }
  if (first >= 0xF0 && first <= 0xF4 && more(at + 1) && more(at + 2) && more(at + 3)) {
    const char32_t point = ((first & 0x07U) << 18U) | ((byte(at + 1) & 0x3FU) << 12U) |
                           ((byte(at + 2) & 0x3FU) << 6U) | (byte(at + 3) & 0x3FU);
    if (point >= 0x10000 && point <= 0x10FFFF) return {4, point};
  }
  return {0, 0};
}

bool is_unseen(char32_t p) {
  return (p >= 0x200B && p <= 0x200F) || (p >= 0x202A && p <= 0x202E) ||
         (p >= 0x2060 && p <= 0x206F) || p == 0xFEFF || p == 0x00AD || p == 0x061C ||
         (p >= 0xE0000 && p <= 0xE007F);
}

constexpr std::size_t kLongest = 64;

/// Edits between two words of at most kLongest bytes, a swap of neighbours counting as one
/// (optimal string alignment).
std::size_t edits_between(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kLongest + 1>;
  Row before{}, last{}, row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

std::size_t find_ignoring_case(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size()) return std::string_view::npos;
  const auto at =
      std::search(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), needle.begin(),
                  needle.end(), [](char x, char y) { return lower(x) == lower(y); });
  if (at == text.end() && !needle.empty()) return std::string_view::npos;
  return static_cast<std::size_t>(at - text.begin());
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string fold_space(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : trim(text)) {
    if (is_space(c)) {
      gap = true;
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const std::size_t at = text.find(separator);
    pieces.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t at = text.find_first_of("\r\n");
    lines.push_back(text.substr(0, at));
    if (at == std::string_view::npos) break;
    text.remove_prefix(text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n' ? at + 2
                                                                                        : at + 1);
  }
  return lines;
}

std::string join(const std::vector<std::string>& pieces, std::string_view between) {
  std::string out;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i > 0) out += between;
    out += pieces[i];
  }
  return out;
}

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  if (what.empty()) return text;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Sequence next = sequence_at(text, at);
    if (next.length == 0) return false;
    at += next.length;
  }
  return true;
}

std::string to_clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Sequence next = sequence_at(text, at);
    if (next.length == 0 || next.point == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    out += text.substr(at, next.length);
    at += next.length;
  }
  return out;
}

std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string to_display(std::string_view text, Newlines newlines) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Sequence next = sequence_at(text, at);
    if (next.length == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    const char32_t p = next.point;
    if (p == '\n' && newlines == Newlines::keep)
      out += '\n';
    else if (p < 0x20 || (p >= 0x7F && p <= 0x9F) || p == 0x2028 || p == 0x2029)
      out += ' ';
    else if (is_unseen(p))
      out += fmt::format("‹U+{:04X}›", static_cast<unsigned>(p));
    else
      out += text.substr(at, next.length);
    at += next.length;
  }
  return out;
}

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string size_in_words(std::uint64_t count) {
  if (count < 1024) return fmt::format("{} B", count);
  if (count < 1024 * 1024) return fmt::format("{} KiB", count / 1024);
  return fmt::format("{} MiB", count / (1024 * 1024));
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongest) return {};
  const std::string wanted = to_lower(word);
  std::string_view best;
  std::size_t fewest = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > kLongest) continue;
    const std::size_t edits = edits_between(wanted, to_lower(candidate));
    // Every letter changed is another word, however short.
    if (edits < fewest && edits < std::max(wanted.size(), candidate.size())) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

}  // namespace trust
