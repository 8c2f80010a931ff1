#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace trust::cage {

/// For the child, once, before it sees a mail: at most `memory_bytes` of address space beyond what
/// is mapped now, no core file, no files written, a handful of descriptors, no new privileges, not
/// readable by other processes of its user. Fault::unavailable: a limit was refused.
Status limit_self(std::uint64_t memory_bytes);

/// What holds the process from now on.
struct Cage {
  bool seccomp = false;   ///< without it no mail may be read
  bool landlock = false;  ///< a second wall around the same files
};

/// After limit_self: no file, socket, process or signal any more, and no memory that can be run; a
/// system call that is not needed to read a mail gives EPERM, so that a library's harmless attempt
/// kills nobody. What is open stays: memory is had, descriptor 3 is spoken to. For ever, so the
/// caller opens converters first.
Cage close_cage();

/// Sanitizers need files and signals of their own: their builds do nothing in close_cage.
#ifdef TRUST_SANITIZED
inline constexpr bool kCageIsClosed = false;
#else
inline constexpr bool kCageIsClosed = true;
#endif

}  // namespace trust::cage
