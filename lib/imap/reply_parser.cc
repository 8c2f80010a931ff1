#include "lib/imap/reply_parser.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/imap/reply_values.h"

namespace trust::imap {

namespace {

/// RFC 3501 9: number = 32 bits.
constexpr std::uint64_t kLargestLiteral = 0xFFFF'FFFFU;
constexpr std::size_t kLongestTag = 64;

std::string to_upper(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = upper(c);
  return out;
}

bool is_status(std::string_view word) {
  return word == "OK" || word == "NO" || word == "BAD" || word == "BYE" || word == "PREAUTH";
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= kLongestTag && all_of(text, is_alnum);
}

/// The word that begins at `from`, moving `from` behind it and the space after it.
std::string_view take_word(std::string_view line, std::size_t& from) {
  const std::size_t end = std::min(line.find(' ', from), line.size());
  const std::string_view word = line.substr(from, end - from);
  from = std::min(end + 1, line.size());
  return word;
}

/// Only untagged data holds literals. The text of a status, however it ends, announces none.
bool may_hold_literals(std::string_view line) {
  if (!line.starts_with("* ")) return false;
  std::size_t at = 2;
  return !is_status(to_upper(take_word(line, at)));
}

}  // namespace

void ReplyParser::feed(std::string_view bytes) {
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

Result<std::optional<Reply>> ReplyParser::next() {
  for (;;) {
    const Cut cut = lost_ ? Cut::lost : in_literal_ ? cut_literal() : cut_line();
    switch (cut) {
      case Cut::lost:
        lost_ = true;
        return Error{Fault::unavailable, "imap: the server's reply breaks the protocol"};
      case Cut::reply: return std::optional{read_reply()};
      case Cut::more:
        if (at_ == buffer_.size() ||
            (!in_literal_ && at_ + 1 == buffer_.size() && buffer_[at_] == '\r'))
          return std::optional<Reply>{};
    }
  }
}

ReplyParser::Cut ReplyParser::cut_line() {
  const std::size_t end = buffer_.find("\r\n", at_);
  // A CR at the end of what we have may be half of a line's end: it waits.
  const std::size_t until = end != std::string::npos                         ? end
                            : buffer_.size() > at_ && buffer_.back() == '\r' ? buffer_.size() - 1
                                                                             : buffer_.size();
  if (framed_.line.size() + (until - at_) > limits_.line_bytes) return Cut::lost;
  framed_.line.append(buffer_, at_, until - at_);
  at_ = until;
  if (end == std::string::npos) return Cut::more;
  at_ += 2;
  return end_of_line();
}

ReplyParser::Cut ReplyParser::end_of_line() {
  const std::string& line = framed_.line;
  if (line.size() == piece_ || line.back() != '}' || !may_hold_literals(line)) return Cut::reply;
  const std::size_t open = line.rfind('{');
  if (open == std::string::npos || open < piece_) return Cut::reply;
  const auto announced =
      number_of<std::uint64_t>(std::string_view{line}.substr(open + 1, line.size() - open - 2));
  // What is no length leaves nobody knowing where the next reply begins.
  if (!announced || *announced > kLargestLiteral) return Cut::lost;
  if (framed_.literals.size() == limits_.literals) return Cut::lost;
  const bool kept = *announced <= limits_.literal_bytes;
  framed_.literals.push_back({open, *announced, kept, {}});
  if (kept) framed_.literals.back().bytes.reserve(*announced);
  missing_ = *announced;
  in_literal_ = true;
  return Cut::more;
}

ReplyParser::Cut ReplyParser::cut_literal() {
  const std::size_t here = std::min<std::uint64_t>(missing_, buffer_.size() - at_);
  Framed::Literal& literal = framed_.literals.back();
  if (literal.kept) literal.bytes.append(buffer_, at_, here);
  at_ += here;
  missing_ -= here;
  if (missing_ == 0) {
    in_literal_ = false;
    piece_ = framed_.line.size();
  }
  return Cut::more;
}

Reply ReplyParser::read_reply() {
  Framed framed = std::exchange(framed_, {});
  piece_ = 0;
  const std::string_view line = framed.line;
  Reply reply;
  std::size_t at = 0;
  if (line.starts_with('+')) {
    reply.kind = Reply::Kind::continuation;
    return reply;
  }
  const std::string_view first = take_word(line, at);
  if (first != "*") {
    reply.word = to_upper(take_word(line, at));
    if (!is_tag(first) || !(reply.word == "OK" || reply.word == "NO" || reply.word == "BAD"))
      return reply;
    reply.kind = Reply::Kind::tagged;
    reply.tag = first;
  } else {
    reply.kind = Reply::Kind::untagged;
    reply.word = to_upper(take_word(line, at));
    if (!reply.word.empty() && all_of(reply.word, is_digit)) {
      reply.number = number_of<std::uint32_t>(reply.word);
      if (!reply.number) reply.kind = Reply::Kind::broken;
      reply.word = to_upper(take_word(line, at));
    }
    if (reply.word.empty()) reply.kind = Reply::Kind::broken;
  }
  if (is_status(reply.word)) {
    if (at < line.size() && line[at] == '[')
      reply.code = read_code(framed, at, limits_).value_or(std::vector<Value>{});
  } else if (auto values = read_values(framed, at, limits_)) {
    reply.values = *std::move(values);
  } else {
    reply.kind = Reply::Kind::broken;
  }
  return reply;
}

}  // namespace trust::imap
