// Preloaded into a program, ends it with SIGKILL, or makes one system call fail, at a point that
// leaves a trace outside or takes one in: a write to a file or a socket, a sync, a rename, a
// truncation, a removal, bytes read from a socket. What the kernel has taken by then stays, as
// with kill -9.
// A point is a call site: the name of the call and the return addresses below it, those of the
// library that calls and those in the program itself, relative to where each was loaded; so it is
// the same in every run of the same binary.
//   KILL_POINT_TRACE=FILE  a line for each call is added: site, name, frames
//   KILL_POINT_SITE=HEX    which site; unset: none
//   KILL_POINT_NTH=n       at its n-th call, from 1 (the default)
//   KILL_POINT_AFTER=1     after the call instead of before it
//   KILL_POINT_ERRNO=e     not killed: the call fails with this errno; short: half is written
//   KILL_POINT_ALWAYS=1    and so does every later call of that site
// The parser child is left alone: it writes nothing but answers to its parent.
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kFrames = 48;        // deep enough to leave SQLite, curl and Poco
constexpr int kLibraryFrames = 2;  // how the call is made
constexpr int kProgramFrames = 6;  // and on whose behalf

bool is_off = true;
std::uint64_t wanted = 0;
long wanted_nth = 1;
bool is_after = false;
bool is_always = false;
bool is_short = false;
int fail_with = 0;
int trace = -1;
const void* program = nullptr;
std::atomic<long> calls{0};

bool is_parser_child() {
  char line[4096] = {};
  const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t got = file < 0 ? 0 : syscall(SYS_read, file, line, sizeof line - 1);
  if (file >= 0) close(file);
  const size_t first = strlen(line) + 1;
  return got > 0 && first < static_cast<size_t>(got) && strcmp(line + first, "parser") == 0;
}

bool is_set(const char* name) {
  const char* value = getenv(name);
  return value && *value == '1';
}

const void* base_of(const void* address) {
  Dl_info info;
  return dladdr(address, &info) ? info.dli_fbase : nullptr;
}

__attribute__((constructor)) void start() {
  if (is_parser_child()) return;
  const char* site = getenv("KILL_POINT_SITE");
  const char* nth = getenv("KILL_POINT_NTH");
  const char* error = getenv("KILL_POINT_ERRNO");
  const char* file = getenv("KILL_POINT_TRACE");
  wanted = site ? strtoull(site, nullptr, 16) : 0;
  wanted_nth = nth ? atol(nth) : 1;
  is_after = is_set("KILL_POINT_AFTER");
  is_always = is_set("KILL_POINT_ALWAYS");
  is_short = error && strcmp(error, "short") == 0;
  fail_with = error ? atoi(error) : 0;
  if (file) trace = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  void* first = nullptr;
  backtrace(&first, 1);  // loads libgcc now, not within the first call
  program = base_of(reinterpret_cast<void*>(getauxval(AT_ENTRY)));
  is_off = wanted == 0 && trace < 0;
}

void die() {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

void mix(std::uint64_t& hash, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) hash = (hash ^ (value >> (8 * i) & 0xFF)) * 0x100000001B3;
}

/// One call; dies, or says how it is to fail, where that is its point.
class Point {
 public:
  Point(const char* name, bool counts) {
    if (is_off || !counts) return;
    const int error = errno;
    void* frames[kFrames];
    const int count = backtrace(frames, kFrames);
    char line[512];
    int size = 0;
    std::uint64_t site = 0xCBF29CE484222325;
    for (const char* c = name; *c; ++c) mix(site, static_cast<unsigned char>(*c));
    const void* const own = base_of(reinterpret_cast<void*>(&die));
    const void* const main = program;
    int library = 0, ours = 0;
    for (int i = 0; i < count && ours < kProgramFrames; ++i) {
      const void* const base = base_of(frames[i]);
      if (base == own) continue;
      const bool is_ours = base == main;
      if (is_ours ? ++ours > kProgramFrames : ++library > kLibraryFrames) continue;
      const auto offset = static_cast<std::uint64_t>(static_cast<char*>(frames[i]) -
                                                     static_cast<const char*>(base));
      mix(site, offset);
      size += snprintf(line + size, sizeof line - static_cast<size_t>(size), " %s%llx",
                       is_ours ? "" : "lib+", static_cast<unsigned long long>(offset));
    }
    if (trace >= 0) {
      char whole[600];
      const int length = snprintf(whole, sizeof whole, "%016llx %s%.*s\n",
                                  static_cast<unsigned long long>(site), name, size, line);
      syscall(SYS_write, trace, whole, length);
    }
    errno = error;
    if (site != wanted) return;
    const long nth = ++calls;
    is_here_ = nth == wanted_nth || (is_always && nth > wanted_nth);
    if (is_here_ && !is_after && !fails() && !is_short) die();
  }
  ~Point() {
    if (is_here_ && is_after) die();
  }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;

  bool fails() const { return is_here_ && fail_with != 0; }
  bool is_cut() const { return is_here_ && is_short; }

 private:
  bool is_here_ = false;
};

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool is_socket(int file) {
  struct stat info;
  return !is_off && fstat(file, &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

#define POINT(name, result, parameters, arguments, counts)    \
  extern "C" result name parameters {                         \
    static auto* const real = next<result parameters>(#name); \
    const Point point{#name, counts};                         \
    if (point.fails()) {                                      \
      errno = fail_with;                                      \
      return -1;                                              \
    }                                                         \
    return real arguments;                                    \
  }
/// Of which half of `size` may be taken.
#define CUT_POINT(name, parameters, arguments, size)           \
  extern "C" ssize_t name parameters {                         \
    static auto* const real = next<ssize_t parameters>(#name); \
    const Point point{#name, true};                            \
    if (point.fails()) {                                       \
      errno = fail_with;                                       \
      return -1;                                               \
    }                                                          \
    if (point.is_cut()) size = std::max<size_t>(1, size / 2);  \
    return real arguments;                                     \
  }

CUT_POINT(write, (int f, const void* b, size_t n), (f, b, n), n)
CUT_POINT(pwrite, (int f, const void* b, size_t n, off_t o), (f, b, n, o), n)
CUT_POINT(pwrite64, (int f, const void* b, size_t n, off64_t o), (f, b, n, o), n)
POINT(writev, ssize_t, (int f, const iovec* v, int n), (f, v, n), true)
POINT(fsync, int, (int f), (f), true)
POINT(fdatasync, int, (int f), (f), true)
POINT(ftruncate, int, (int f, off_t n), (f, n), true)
POINT(ftruncate64, int, (int f, off64_t n), (f, n), true)
POINT(rename, int, (const char* a, const char* b), (a, b), true)
POINT(unlink, int, (const char* a), (a), true)
CUT_POINT(send, (int f, const void* b, size_t n, int g), (f, b, n, g), n)
CUT_POINT(sendto, (int f, const void* b, size_t n, int g, const sockaddr* a, socklen_t l),
          (f, b, n, g, a, l), n)
POINT(sendmsg, ssize_t, (int f, const msghdr* m, int g), (f, m, g), true)
POINT(read, ssize_t, (int f, void* b, size_t n), (f, b, n), is_socket(f))
POINT(recv, ssize_t, (int f, void* b, size_t n, int g), (f, b, n, g), true)
POINT(recvfrom, ssize_t, (int f, void* b, size_t n, int g, sockaddr* a, socklen_t* l),
      (f, b, n, g, a, l), true)
POINT(recvmsg, ssize_t, (int f, msghdr* m, int g), (f, m, g), true)
