// Preloaded into a program, ends it with SIGKILL before or after the n-th call that leaves a trace
// outside: a write to a file or a socket, a sync, a rename, a truncation, a removal. What the
// kernel has taken by then stays, as with kill -9.
//   KILL_POINT_AT=n        which call, from 1; unset or 0: none
//   KILL_POINT_AFTER=1     after the call instead of before it
//   KILL_POINT_TRACE=FILE  a line for each call is added: its number and name
// The parser child is left alone: it writes nothing but answers to its parent.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

long kill_at = 0;
bool kill_after = false;
int trace = -1;
std::atomic<long> calls{0};

bool is_parser_child() {
  char line[4096] = {};
  const int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t got = file < 0 ? 0 : read(file, line, sizeof line - 1);
  if (file >= 0) close(file);
  const size_t program = strlen(line) + 1;
  return got > 0 && program < static_cast<size_t>(got) && strcmp(line + program, "parser") == 0;
}

__attribute__((constructor)) void start() {
  if (is_parser_child()) return;
  const char* at = getenv("KILL_POINT_AT");
  const char* after = getenv("KILL_POINT_AFTER");
  const char* file = getenv("KILL_POINT_TRACE");
  kill_at = at ? atol(at) : 0;
  kill_after = after && *after == '1';
  if (file) trace = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

void die() {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

// Counts one call, and dies where that is its point.
class Point {
 public:
  explicit Point(const char* name) : number_{++calls} {
    if (trace >= 0) {
      char line[64];
      const int size = snprintf(line, sizeof line, "%ld %s\n", number_, name);
      syscall(SYS_write, trace, line, size);
    }
    if (number_ == kill_at && !kill_after) die();
  }
  ~Point() {
    if (number_ == kill_at && kill_after) die();
  }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;

 private:
  long number_;
};

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define POINT(name, result, parameters, arguments)            \
  extern "C" result name parameters {                         \
    static auto* const real = next<result parameters>(#name); \
    const Point point{#name};                                 \
    return real arguments;                                    \
  }

POINT(write, ssize_t, (int f, const void* b, size_t n), (f, b, n))
POINT(pwrite, ssize_t, (int f, const void* b, size_t n, off_t o), (f, b, n, o))
POINT(pwrite64, ssize_t, (int f, const void* b, size_t n, off64_t o), (f, b, n, o))
POINT(writev, ssize_t, (int f, const iovec* v, int n), (f, v, n))
POINT(fsync, int, (int f), (f))
POINT(fdatasync, int, (int f), (f))
POINT(ftruncate, int, (int f, off_t n), (f, n))
POINT(ftruncate64, int, (int f, off64_t n), (f, n))
POINT(rename, int, (const char* a, const char* b), (a, b))
POINT(unlink, int, (const char* a), (a))
POINT(send, ssize_t, (int f, const void* b, size_t n, int g), (f, b, n, g))
POINT(sendto, ssize_t, (int f, const void* b, size_t n, int g, const sockaddr* a, socklen_t l),
      (f, b, n, g, a, l))
POINT(sendmsg, ssize_t, (int f, const msghdr* m, int g), (f, m, g))
