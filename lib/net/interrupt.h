#pragma once

#include <atomic>

namespace trust::net {

/// Ends the waits of streams from another thread. Handed to them in Endpoint::interrupt (or
/// FetchLimits::interrupt); one may serve any number of streams, and outlives them. While it is
/// fired every receive, send and connect fails with Fault::unavailable, a connect within a second
/// and the others at once.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Any thread, any number of times.
  void fire();
  /// New streams work again. REQUIRES: nobody waits.
  void reset();
  bool is_fired() const { return fired_.load(); }
  /// Readable while fired; for poll(2) only.
  int descriptor() const { return event_; }

 private:
  std::atomic<bool> fired_{false};
  int event_;
};

}  // namespace trust::net
