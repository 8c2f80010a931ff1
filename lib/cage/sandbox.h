#pragma once

#include <cstdint>

#include "lib/base/result.h"

namespace trust::cage {

/// What the process may no longer do afterwards.
struct Confinement {
  bool seccomp = false;
};

/// For the child, once, before it sees a mail: at most `memory_bytes` of address space beyond what
/// is mapped now, no core file, no files written, a handful of descriptors, no new privileges, not
/// readable by other processes of its user. Fault::unavailable: a limit was refused.
Result<Confinement> confine_self(std::uint64_t memory_bytes);

}  // namespace trust::cage
