#pragma once

#include <array>
#include <cstdint>

namespace trust::cage {

/// The frames on descriptor 3. Both ends are the same executable, so they are plain structures in
/// the machine's byte order. Each request gets one answer; a parse or decode request carries the
/// raw mail as a sealed memfd (SCM_RIGHTS), and its lengths are never believed by the other side.
inline constexpr int kSocket = 3;
inline constexpr std::uint32_t kMagic = 0x54'4D'43'31;  // TMC1

enum class Ask : std::uint32_t {
  start,   ///< take on the limits; answered when the child is caged and ready, or will not be
  parse,   ///< answer: JSON of the ParsedMail without its texts, then `text`, then `visible_reply`
  header,  ///< as parse, of the header alone
  decode,  ///< answer: the decoded bytes of [begin, end)
};

struct Request {
  std::uint32_t magic = kMagic;
  Ask ask = Ask::start;
  std::uint64_t memory_bytes = 0;    ///< start
  std::uint64_t begin = 0, end = 0;  ///< decode
  std::array<char, 32> encoding{};   ///< decode: Content-Transfer-Encoding
};

/// Followed by the three pieces, of these lengths.
struct Answer {
  std::uint32_t magic = kMagic;
  std::uint32_t seccomp = 0, landlock = 0;  ///< start: 1 = it holds the child
  std::uint64_t main_bytes = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t reply_bytes = 0;
};

/// What an answer may hold; a longer one is "garbled". A byte of mail becomes at most three of
/// UTF-8 (U+FFFD); markup adds a little.
inline constexpr std::uint64_t kMaxJsonBytes = 24ULL << 20U;
inline std::uint64_t max_text_bytes(std::uint64_t raw_bytes) { return 8 * raw_bytes + 65536; }

/// How the child says that memory was refused.
inline constexpr int kExitNoMemory = 3;

}  // namespace trust::cage
