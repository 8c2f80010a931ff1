#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace trust::imap {

/// A value inside a reply (RFC 3501 4).
struct Value {
  enum class Kind {
    atom,       ///< also numbers, flags and "BODY[HEADER]<0>"
    quoted,     ///< escapes undone
    literal,    ///< the bytes as announced
    too_large,  ///< a literal over the limit: `size` bytes were announced, read and dropped
    nil,
    list,
  };
  Kind kind = Kind::nil;
  std::string text;
  std::uint64_t size = 0;
  std::vector<Value> items;

  bool is_string() const { return kind == Kind::quoted || kind == Kind::literal; }
  bool is_atom(std::string_view word) const;  ///< ASCII case ignored
  /// An atom that is a number of at most 32 bits, as all of IMAP's are; RFC822.SIZE may have 63.
  std::optional<std::uint64_t> number() const;
};

/// One response of the server.
struct Reply {
  enum class Kind {
    untagged,      ///< "* …"
    tagged,        ///< "a1 OK …"
    continuation,  ///< "+ …"
    broken,   ///< "* …" whose values cannot be read; its end is known, so the next one can be
    garbage,  ///< no reply at all: whoever reads it has lost the thread
  };
  Kind kind = Kind::garbage;
  std::string tag;
  std::optional<std::uint32_t> number;  ///< "* 12 FETCH": 12
  std::string word;                     ///< upper case: OK, NO, BYE, SEARCH, FETCH, …
  std::vector<Value> code;    ///< of OK, NO, BAD, BYE: what stands in [ ], if it can be read
  std::vector<Value> values;  ///< of anything else

  bool is(std::string_view w) const { return kind == Kind::untagged && word == w; }
  /// The number in "[UIDNEXT 12]".
  std::optional<std::uint64_t> code_number(std::string_view name) const;
  bool has_code(std::string_view name) const;
};

/// A reply cut out of the stream, not yet read: its lines joined, its literals beside them.
struct Framed {
  struct Literal {
    std::size_t offset = 0;  ///< of its "{" in line
    std::uint64_t announced = 0;
    bool kept = true;
    std::string bytes;
  };
  std::string line;
  std::vector<Literal> literals;
};

/// Cuts a server's bytes into replies and reads them, however the bytes are split. What stands in a
/// literal is data, whatever it looks like. Human-readable text is dropped: no one may rely on it.
/// Memory: one reply and the bytes of one feed.
class ReplyParser {
 public:
  struct Limits {
    std::size_t line_bytes = 1U << 20U;       ///< of a reply without its literals
    std::uint64_t literal_bytes = 1U << 20U;  ///< larger ones are dropped as they come
    std::size_t nesting = 32;                 ///< over this or the next: broken
    std::size_t values = 100'000;
    std::size_t literals = 1'000;
  };
  explicit ReplyParser(Limits limits) : limits_{limits} {}
  ReplyParser() : ReplyParser{Limits{}} {}

  /// For the replies that begin from now on.
  void set_literal_bytes(std::uint64_t most) { limits_.literal_bytes = most; }

  /// More bytes. Take all replies with next() before feeding again.
  void feed(std::string_view bytes);
  /// The next whole reply; nothing when more bytes are needed.
  /// Fault::unavailable: no thread to be found any more (an endless line, a literal of 4 GiB or of
  /// a length that is no number); the same again for ever.
  Result<std::optional<Reply>> next();

 private:
  enum class Cut { more, reply, lost };
  Cut cut_line();
  Cut cut_literal();
  Cut end_of_line();
  Reply read_reply();

  Limits limits_;
  std::string buffer_;
  std::size_t at_ = 0;         ///< what of buffer_ is used up
  Framed framed_;              ///< the reply that is being cut out
  std::size_t piece_ = 0;      ///< where in framed_.line its last line begins
  std::uint64_t missing_ = 0;  ///< bytes of the last literal still to come
  bool in_literal_ = false;
  bool lost_ = false;
};

}  // namespace trust::imap
