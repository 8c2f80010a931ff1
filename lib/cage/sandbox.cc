#include "lib/cage/sandbox.h"

#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "lib/base/file.h"
#include "lib/cage/protocol.h"

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

/// Every access to files that this kernel's Landlock knows, and no rule that allows any.
bool close_landlock() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return false;
  // Bits by version; Debian 12's header ends at 2.
  const unsigned bits = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  const landlock_ruleset_attr all{.handled_access_fs = (1ULL << bits) - 1};
  const Fd rules{static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &all, sizeof all.handled_access_fs, 0))};
  return rules.is_open() && ::syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0;
}

/// No fstat: glibc makes it a call that can ask about any path.
constexpr int kAllowed[] = {
    SCMP_SYS(munmap),          SCMP_SYS(mremap),       SCMP_SYS(brk),
    SCMP_SYS(madvise),         SCMP_SYS(futex),        SCMP_SYS(lseek),
    SCMP_SYS(close),           SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
    SCMP_SYS(rt_sigprocmask),  SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit),         SCMP_SYS(exit_group)};

bool close_seccomp() {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter{
      ::seccomp_init(SCMP_ACT_ERRNO(EPERM)), &::seccomp_release};
  if (!filter) return false;
  bool good = true;
  for (const int call : kAllowed)
    good = good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) == 0;
  for (const int call : {SCMP_SYS(recvmsg), SCMP_SYS(sendto)})
    good = good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                      SCMP_A0(SCMP_CMP_EQ, kSocket)) == 0;
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    good = good && ::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
  return good && ::seccomp_load(filter.get()) == 0;
}

}  // namespace

// Sanitizer builds keep the limits too (their shadow memory is mapped before this, so it does not
// count), but for the one that would keep their report from its file.
Status limit_self(std::uint64_t memory_bytes) {
  const std::uint64_t mapped = mapped_bytes();
  const bool limited = mapped > 0 && limit(RLIMIT_AS, mapped + memory_bytes) &&
                       limit(RLIMIT_CORE, 0) && (!kCageIsClosed || limit(RLIMIT_FSIZE, 0)) &&
                       limit(RLIMIT_NOFILE, 16) && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                       ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  if (!limited) return Error{Fault::unavailable, "parser: its limits were refused by the kernel"};
  return ok();
}

Cage close_cage() {
  if (!kCageIsClosed) return {};
  const bool landlock = close_landlock();  // first: seccomp forbids it
  return {.seccomp = close_seccomp(), .landlock = landlock};
}

}  // namespace trust::cage
