#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trust::smtp {

/// What a relay answered (RFC 5321 4.2). The words are theirs: for the store, never for a log.
struct Reply {
  int code = 0;
  std::string status;              ///< RFC 3463, "5.1.1", of the same class as the code; "" if none
  std::vector<std::string> lines;  ///< without code and line end

  bool is_positive() const { return code / 100 == 2; }
  bool is_refusal() const { return code / 100 == 4 || code / 100 == 5; }
  /// All lines as one, valid UTF-8, at most 1,000 bytes.
  std::string words() const;
};

/// Reads one reply from any split of the bytes. LF alone ends a line, too; a code without text is
/// read. Of long replies the first 128 lines are kept, of long lines the first 1,000 bytes. A reply
/// of more than 4 MiB, a code outside 200-599, or codes that differ within a reply: unreadable.
class ReplyParser {
 public:
  enum class State { more, complete, unreadable };

  /// Takes bytes up to the end of the reply; returns how many.
  std::size_t feed(std::string_view bytes);
  State state() const { return state_; }
  /// REQUIRES: state() is complete.
  const Reply& reply() const { return reply_; }

 private:
  void end_line();

  State state_ = State::more;
  std::string line_;
  std::size_t reply_bytes_ = 0;
  Reply reply_;
};

}  // namespace trust::smtp
