#include "lib/mail/encode.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::mail {

namespace {

constexpr std::size_t kEncodedWordChars = 75;
constexpr std::string_view kHex = "0123456789ABCDEF";

void append_hex(std::string& out, char escape, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += escape;
  out += kHex[byte >> 4U];
  out += kHex[byte & 0x0FU];
}

/// Length of the UTF-8 sequence at the front; 1 for anything unexpected.
std::size_t sequence_bytes(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && length < 4 &&
         (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
    ++length;
  return length;
}

/// What RFC 2047 5 (3) lets stand for itself in a phrase.
bool is_plain_in_q(char c) {
  return is_alnum(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

std::string to_q(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ')
      out += '_';
    else if (is_plain_in_q(c))
      out += c;
    else
      append_hex(out, '=', c);
  }
  return out;
}

std::size_t q_chars(std::string_view text) {
  std::size_t chars = 0;
  for (const char c : text) chars += c == ' ' || is_plain_in_q(c) ? 1 : 3;
  return chars;
}

/// RFC 2231 attribute-char (RFC 5987 3.2.1).
bool is_attribute_char(char c) {
  return is_alnum(c) || std::string_view{"!#$&+-.^_`|~"}.find(c) != std::string_view::npos;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8U | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      out += i <= count ? kAlphabet[(group >> (18 - 6 * i)) & 0x3FU] : '=';
  }
  return out;
}

std::string base64_lines(std::string_view bytes) {
  constexpr std::size_t kLineBytes = kLineChars / 4 * 3;
  std::string out;
  out.reserve(bytes.size() / 3 * 4 + bytes.size() / 28 + 8);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kLineBytes, bytes.size())))
    out += to_base64(bytes.substr(0, kLineBytes)) + "\r\n";
  return out;
}

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t line_begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') {
      out += "\r\n";
      line_begin = out.size();
      continue;
    }
    const bool ends_line = at + 1 == text.size() || text[at + 1] == '\n';
    const bool begins_line = out.size() == line_begin;
    const bool is_space = c == ' ' || c == '\t';
    const bool plain = (is_space && !ends_line) ||
                       (c > ' ' && c < 0x7F && c != '=' && !(begins_line && c == '.') &&
                        !(begins_line && text.substr(at, 5) == "From "));
    const std::size_t chars = plain ? 1 : 3;
    // One column is kept for the soft line break, which the last character of a line goes without.
    if (out.size() - line_begin + chars > kLineChars - (ends_line ? 0 : 1)) {
      out += "=\r\n";
      line_begin = out.size();
      // What stands at the beginning of a line is judged again.
      --at;
      continue;
    }
    if (plain)
      out += c;
    else
      append_hex(out, '=', c);
  }
  return out;
}

std::vector<std::string> encoded_words(std::string_view text, std::size_t first_chars) {
  constexpr std::string_view kQ = "=?utf-8?Q?", kB = "=?utf-8?B?", kEnd = "?=";
  const bool use_q = q_chars(text) <= (text.size() + 2) / 3 * 4;
  std::vector<std::string> words;
  std::size_t room = std::clamp<std::size_t>(first_chars, 24, kEncodedWordChars);
  while (!text.empty()) {
    const std::size_t payload = room - kQ.size() - kEnd.size();
    std::size_t taken = 0;
    while (taken < text.size()) {
      const std::size_t next = taken + sequence_bytes(text.substr(taken));
      const std::size_t chars = use_q ? q_chars(text.substr(0, next)) : (next + 2) / 3 * 4;
      if (chars > payload) break;
      taken = next;
    }
    const std::string_view piece = text.substr(0, taken);
    words.push_back(std::string{use_q ? kQ : kB} + (use_q ? to_q(piece) : to_base64(piece)) +
                    std::string{kEnd});
    text.remove_prefix(taken);
    room = kEncodedWordChars;
  }
  return words;
}

std::vector<std::string> parameter(std::string_view name, std::string_view value) {
  const std::string lead{name};
  const bool is_token = !value.empty() && all_of(value, is_attribute_char);
  // Readers disagree about quotes, backslashes and outer spaces in a quoted string.
  const bool is_quotable = trim(value) == value && all_of(value, [](char c) {
                             return c >= ' ' && c < 0x7F && c != '"' && c != '\\' && c != '=';
                           });
  if (lead.size() + value.size() + 5 <= kLineChars) {
    if (is_token) return {lead + "=" + std::string{value}};
    if (is_quotable) return {lead + "=\"" + std::string{value} + "\""};
  }
  constexpr std::size_t kRoom = 50;  // leaves the name, "*99*=utf-8''" and ";" their place
  std::vector<std::string> pieces(1, "utf-8''");
  while (!value.empty()) {
    const std::size_t length = sequence_bytes(value);
    std::string next;
    for (const char c : value.substr(0, length))
      if (is_attribute_char(c))
        next += c;
      else
        append_hex(next, '%', c);
    if (pieces.back().size() + next.size() > kRoom) pieces.emplace_back();
    pieces.back() += next;
    value.remove_prefix(length);
  }
  if (pieces.size() == 1) return {lead + "*=" + pieces[0]};
  for (std::size_t i = 0; i < pieces.size(); ++i)
    pieces[i] = lead + "*" + std::to_string(i) + "*=" + pieces[i];
  return pieces;
}

}  // namespace trust::mail
