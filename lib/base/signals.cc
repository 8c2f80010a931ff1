#include "lib/base/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace trust {

namespace {

StopSignal* stop_of_process = nullptr;

void on_signal(int) {
  const int saved = errno;
  if (stop_of_process != nullptr) stop_of_process->request();
  errno = saved;
}

}  // namespace

StopSignal::StopSignal() {
  if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) std::abort();
}

StopSignal::~StopSignal() {
  if (stop_of_process == this) stop_of_process = nullptr;
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

// Only an atomic store and write(2): both may run inside a signal handler.
void StopSignal::request() {
  requested_.store(true);
  const char byte = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(pipe_[1], &byte, 1);
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

void stop_on_signals(StopSignal& stop) {
  stop_of_process = &stop;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

}  // namespace trust
