#include "lib/cage/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

namespace trust::cage {

namespace {

/// Address space in use, from the first number of /proc/self/statm; 0 if it cannot be read.
std::uint64_t mapped_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/proc/self/statm", "re"),
                                                             &std::fclose};
  unsigned long long pages = 0;
  if (!file || std::fscanf(file.get(), "%llu", &pages) != 1) return 0;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool limit(__rlimit_resource_t what, std::uint64_t value) {
  const rlimit both{value, value};
  return ::setrlimit(what, &both) == 0;
}

}  // namespace

// Sanitizer builds keep the limits too: their shadow memory is mapped before this, so it does not
// count. The seccomp filter and Landlock belong at the end, when nothing more has to be opened.
Result<Confinement> confine_self(std::uint64_t memory_bytes) {
  const std::uint64_t mapped = mapped_bytes();
  const bool limited = mapped > 0 && limit(RLIMIT_AS, mapped + memory_bytes) &&
                       limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
                       limit(RLIMIT_NOFILE, 16) && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                       ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  if (!limited) return Error{Fault::unavailable, "parser: its limits were refused by the kernel"};
  return Confinement{.seccomp = false};
}

}  // namespace trust::cage
