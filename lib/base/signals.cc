#include "lib/base/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace trust {

namespace {

// Any thread may be the one that a signal comes to.
std::atomic<StopSignal*> stop_of_process{nullptr};

void on_signal(int number) {
  const int saved = errno;
  if (StopSignal* const stop = stop_of_process)
    number == SIGHUP ? stop->request_reload() : stop->request();
  errno = saved;
}

// A full pipe wakes as well as one byte more would.
void put_byte(int pipe) {
  const char byte = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(pipe, &byte, 1);
}

void empty(int pipe) {
  char bytes[64];
  while (::read(pipe, bytes, sizeof bytes) > 0) {
  }
}

}  // namespace

StopSignal::StopSignal() {
  if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0 ||
      ::pipe2(reload_pipe_, O_CLOEXEC | O_NONBLOCK) != 0)
    std::abort();
}

StopSignal::~StopSignal() {
  StopSignal* ours = this;
  stop_of_process.compare_exchange_strong(ours, nullptr);
  for (const int fd : {pipe_[0], pipe_[1], reload_pipe_[0], reload_pipe_[1]}) ::close(fd);
}

// Only atomic stores and write(2), here and in request_reload: all may run in a signal handler.
void StopSignal::request() {
  for_good_.store(true);
  end_round();
}

void StopSignal::end_round() {
  requested_.store(true);
  put_byte(pipe_[1]);
}

// The flag before the byte: whoever takes the byte finds the flag.
void StopSignal::request_reload() {
  reload_.store(true);
  put_byte(reload_pipe_[1]);
}

bool StopSignal::wait_for(std::chrono::milliseconds span) const {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + span;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now()).count();
    if (requested()) return false;
    if (left <= 0) return true;
    pollfd waiting{pipe_[0], POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(left));
  }
}

bool StopSignal::wait_for_reload() {
  for (;;) {
    if (is_last_round()) return false;
    empty(reload_pipe_[0]);
    if (reload_.exchange(false)) return true;
    pollfd waiting[] = {{pipe_[0], POLLIN, 0}, {reload_pipe_[0], POLLIN, 0}};
    ::poll(waiting, 2, -1);
  }
}

// A request that comes between the two stores is seen by the last look; one that comes later puts
// its own byte and flag.
bool StopSignal::begin_round() {
  empty(pipe_[0]);
  requested_.store(false);
  if (is_last_round()) end_round();
  return !is_last_round();
}

namespace {

void mask_hangup(int how) {
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  ::pthread_sigmask(how, &hangup, nullptr);
}

}  // namespace

void hold_reloads() { mask_hangup(SIG_BLOCK); }

void stop_on_signals(StopSignal& stop) {
  stop_of_process = &stop;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaction(number, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  mask_hangup(SIG_UNBLOCK);
}

void keep_memory_to_ourselves() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace trust
