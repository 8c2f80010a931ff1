#include "lib/mail/transfer.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"

namespace trust::mail {

namespace {

constexpr std::size_t kLongestBlank = 1000;  // more white space than that before a line end is text
constexpr std::size_t kLongestUuLine = 256;
constexpr std::size_t kPiece = 64U << 10U;

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

Encoding encoding_of(std::string_view content_transfer_encoding) {
  std::string_view word = trim(content_transfer_encoding);
  word = word.substr(0, word.find_first_of(" \t\r\n;("));
  for (const std::string_view quote : {"\"", "'"})
    if (word.size() >= 2 && word.starts_with(quote) && word.ends_with(quote))
      word = word.substr(1, word.size() - 2);
  if (equals_ignoring_case(word, "base64")) return Encoding::base64;
  if (equals_ignoring_case(word, "quoted-printable")) return Encoding::quoted_printable;
  return equals_any(word, "x-uuencode|uuencode|x-uue|uue") ? Encoding::uuencode
                                                           : Encoding::identity;
}

std::string TransferDecoder::feed(std::string_view piece) {
  if (encoding_ == Encoding::identity) return std::string{piece};
  std::string out;
  if (encoding_ == Encoding::base64) feed_base64(piece, out);
  if (encoding_ == Encoding::quoted_printable) feed_quoted_printable(piece, out);
  if (encoding_ == Encoding::uuencode) feed_uuencode(piece, out);
  return out;
}

std::string TransferDecoder::finish() {
  std::string out;
  if (encoding_ == Encoding::base64 && digits_ >= 2 && !padded_) end_short_group(out);
  // An escape cut off by the end stays as it is; "=" alone was a soft line end, blanks go.
  if (encoding_ == Encoding::quoted_printable && held_.size() == 2 && held_[0] == '=' &&
      hex_digit(held_[1]) >= 0)
    out = held_;
  if (encoding_ == Encoding::uuencode) end_uu_line(out);
  digits_ = 0;
  held_.clear();
  ended_ = true;
  return out;
}

/// Two or three digits are one or two bytes.
void TransferDecoder::end_short_group(std::string& out) {
  bits_ <<= static_cast<unsigned>(6 * (4 - digits_));
  out += static_cast<char>(bits_ >> 16U);
  if (digits_ == 3) out += static_cast<char>((bits_ >> 8U) & 0xFFU);
  digits_ = 0;
  bits_ = 0;
}

void TransferDecoder::feed_base64(std::string_view piece, std::string& out) {
  out.reserve(piece.size() / 4 * 3 + 3);
  for (const char c : piece) {
    if (ended_) return;
    const int digit = base64_digit(c);
    if (digit < 0) {
      if (c == '=' && digits_ >= 2) {
        end_short_group(out);
        padded_ = true;
      } else if (padded_ && c != '=' && !is_space(c)) {
        ended_ = true;  // a list's footer, not more of the body
      }
      continue;
    }
    bits_ = (bits_ << 6U) | static_cast<unsigned>(digit);
    if (++digits_ < 4) continue;
    out += static_cast<char>(bits_ >> 16U);
    out += static_cast<char>((bits_ >> 8U) & 0xFFU);
    out += static_cast<char>(bits_ & 0xFFU);
    digits_ = 0;
    bits_ = 0;
  }
}

/// `held_` is a run of blanks, or "=" and what followed it: a digit, blanks, a CR.
void TransferDecoder::feed_quoted_printable(std::string_view piece, std::string& out) {
  out.reserve(piece.size() + held_.size());
  for (const char c : piece) {
    if (!held_.empty() && held_[0] == '=') {
      const char last = held_.back();
      if (held_.size() == 2 && hex_digit(last) >= 0) {
        if (hex_digit(c) >= 0) {
          out += static_cast<char>(hex_digit(last) * 16 + hex_digit(c));
          held_.clear();
          continue;
        }
      } else if (last == '\r') {
        held_.clear();
        if (c == '\n') continue;  // "=\r\n"
      } else if (c == '\n') {
        held_.clear();  // a soft line end
        continue;
      } else if (c == '\r' || (is_blank(c) && held_.size() < kLongestBlank) ||
                 (held_.size() == 1 && hex_digit(c) >= 0)) {
        held_ += c;
        continue;
      }
      out += held_;  // no escape after all
      held_.clear();
    }
    if (is_blank(c)) {
      held_ += c;
      if (held_.size() > kLongestBlank) {
        out += held_;
        held_.clear();
      }
      continue;
    }
    if (c != '\r' && c != '\n') out += held_;
    held_.clear();
    if (c == '=')
      held_ = "=";
    else
      out += c;
  }
}

void TransferDecoder::feed_uuencode(std::string_view piece, std::string& out) {
  for (const char c : piece) {
    if (ended_) return;
    if (c == '\n')
      end_uu_line(out);
    else if (held_.size() < kLongestUuLine)
      held_ += c;
  }
}

void TransferDecoder::end_uu_line(std::string& out) {
  if (held_.ends_with('\r')) held_.pop_back();
  const std::string line = std::move(held_);
  held_.clear();
  if (ended_) return;
  if (!begun_) {
    begun_ = line.starts_with("begin ");
    return;
  }
  if (line == "end") {
    ended_ = true;
    return;
  }
  if (line.empty()) return;
  const auto value = [&](std::size_t i) {
    return i < line.size() ? (static_cast<unsigned>(line[i]) - 0x20U) & 0x3FU : 0U;
  };
  const std::size_t count = value(0);
  for (std::size_t i = 0; i * 3 < count; ++i) {
    const std::size_t at = 1 + i * 4;
    const unsigned group =
        value(at) << 18U | value(at + 1) << 12U | value(at + 2) << 6U | value(at + 3);
    for (std::size_t k = 0; k < std::min<std::size_t>(3, count - i * 3); ++k)
      out += static_cast<char>((group >> (16U - 8U * static_cast<unsigned>(k))) & 0xFFU);
  }
}

std::string decode_transfer(std::string_view body, Encoding encoding) {
  TransferDecoder decoder{encoding};
  std::string out = decoder.feed(body);
  out += decoder.finish();
  return out;
}

std::uint64_t decoded_size(std::string_view body, Encoding encoding) {
  if (encoding == Encoding::identity) return body.size();
  TransferDecoder decoder{encoding};
  std::uint64_t size = 0;
  for (std::size_t at = 0; at < body.size(); at += kPiece)
    size += decoder.feed(body.substr(at, kPiece)).size();
  return size + decoder.finish().size();
}

}  // namespace trust::mail
