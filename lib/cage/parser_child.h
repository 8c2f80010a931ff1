#pragma once

/// lib/cage: hostile bytes are read by a child process, never by the program that holds the
/// secrets.
///   parser_child.*  the parent's side: starts children, hands them mails, survives their death
///   protocol.h      the frames between the two;  child_main.cc  the child's side
///   sandbox.*       what the child gives up before it sees a mail
///   json.*          ParsedMail to JSON and back (the frame's payload, and `parse --json`)
/// The child is our own executable with the argument `parser`, started by posix_spawn with nothing
/// open but its socket. A raw mail goes over as a sealed memfd, text and byte ranges come back.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/mail/message.h"

namespace trust::cage {

struct Limits {
  std::uint64_t memory_bytes = 512ULL << 20U;  ///< address space beyond what the program maps
  std::chrono::seconds cpu{10};                ///< CPU time per mail
  std::chrono::milliseconds wall{20'000};      ///< clock time per mail
  int mails_per_child = 100;                   ///< then a fresh child
};

/// A parser in a process of its own. One thread at a time; the child is started at first use and
/// ended with this object.
class ParserChild {
 public:
  explicit ParserChild(Limits limits = {});
  /// For tests: `arguments` (the first is the executable's path) instead of our own `parser`.
  ParserChild(Limits limits, std::vector<std::string> arguments);
  ~ParserChild();
  ParserChild(const ParserChild&) = delete;
  ParserChild& operator=(const ParserChild&) = delete;

  /// What the mail says. A child that dies, hangs or answers nonsense is replaced and gives
  /// what its header yields, `unparsed_because` "crashed", "too_slow", "too_much_memory" or
  /// "garbled": not a failure.
  /// Fault::unavailable: no child can be started (processes or memory exhausted).
  Result<mail::ParsedMail> parse(std::string_view raw);

  /// The decoded bytes of one attachment of that mail, by its range and encoding. Fault::invalid:
  /// the range is not within the mail. Fault::internal: the child died of it.
  Result<std::string> decode(std::string_view raw, const mail::Attachment& attachment);

  /// The child's process id; 0 while there is none.
  int child_pid() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What main() runs for the argument `parser`: answers requests on descriptor 3 until it closes.
int child_main();

}  // namespace trust::cage
