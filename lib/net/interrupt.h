#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace trust::net {

/// Ends the waits of streams from another thread. Handed to them in Endpoint::interrupt (or
/// FetchLimits::interrupt); one may serve any number of streams, and outlives them. While it is
/// fired every receive, send and connect fails with Fault::unavailable, a connect within a second
/// and the others at once.
class Interrupt {
 public:
  Interrupt() : event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (event_ < 0) std::abort();
  }
  ~Interrupt() { ::close(event_); }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Any thread, any number of times.
  void fire() {
    if (!fired_.exchange(true)) static_cast<void>(::eventfd_write(event_, 1));
  }
  /// New streams work again. REQUIRES: nobody waits.
  void reset() {
    eventfd_t count = 0;
    static_cast<void>(::eventfd_read(event_, &count));
    fired_.store(false);
  }
  bool is_fired() const { return fired_.load(); }
  /// Readable while fired; for poll(2) only.
  int descriptor() const { return event_; }

 private:
  std::atomic<bool> fired_{false};
  int event_;
};

}  // namespace trust::net
