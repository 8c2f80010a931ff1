#include "lib/smtp/reply.h"

#include <algorithm>
#include <cassert>

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::smtp {

namespace {

constexpr std::size_t kReplyBytes = 4U << 20U;
constexpr std::size_t kKeptLineBytes = 1000;
constexpr std::size_t kKeptLines = 128;
constexpr std::size_t kWordBytes = 1000;

/// The "5.1.1" that `text` begins with, "" if it does not (RFC 2034 4).
std::string status_of(std::string_view text, char code_class) {
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  const auto pieces = split(word, '.');
  if (pieces.size() != 3 || pieces[0].size() != 1 || pieces[0][0] != code_class) return "";
  for (const std::string_view piece : pieces)
    if (piece.empty() || piece.size() > 3 || !all_of(piece, is_digit)) return "";
  return std::string{word};
}

}  // namespace

std::string Reply::words() const {
  std::string text;
  for (const std::string& line : lines) {
    if (text.size() > kWordBytes) break;
    if (!text.empty()) text += ' ';
    text += line;
  }
  return std::string{cut_utf8(to_clean_utf8(text), kWordBytes)};
}

std::size_t ReplyParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (state_ == State::more && taken < bytes.size()) {
    const std::size_t end = bytes.find('\n', taken);
    const std::string_view piece = bytes.substr(taken, end - taken);
    taken += piece.size();
    reply_bytes_ += piece.size();
    if (reply_bytes_ > kReplyBytes) {
      state_ = State::unreadable;
      break;
    }
    line_ += piece.substr(0, kKeptLineBytes - std::min(kKeptLineBytes, line_.size()));
    if (end == std::string_view::npos) break;
    ++taken;
    end_line();
  }
  return taken;
}

void ReplyParser::end_line() {
  assert(state_ == State::more);
  if (line_.ends_with('\r')) line_.pop_back();
  const bool has_code = line_.size() >= 3 && line_[0] >= '2' && line_[0] <= '5' &&
                        is_digit(line_[1]) && is_digit(line_[2]) &&
                        (line_.size() == 3 || line_[3] == ' ' || line_[3] == '-');
  const int code = has_code ? (line_[0] - '0') * 100 + (line_[1] - '0') * 10 + (line_[2] - '0') : 0;
  if (!has_code || (!reply_.lines.empty() && code != reply_.code)) {
    state_ = State::unreadable;
    return;
  }
  const bool last = line_.size() == 3 || line_[3] == ' ';
  std::string text = line_.size() > 4 ? line_.substr(4) : "";
  if (reply_.lines.empty()) reply_.status = status_of(text, line_[0]);
  reply_.code = code;
  if (reply_.lines.size() < kKeptLines) reply_.lines.push_back(std::move(text));
  line_.clear();
  if (last) state_ = State::complete;
}

}  // namespace trust::smtp
