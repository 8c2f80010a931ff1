#pragma once

#include <atomic>
#include <chrono>

namespace trust {

/// Whether the program was asked to stop. Shared by all threads of a run; waiting ends early when
/// the request comes.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const { return requested_.load(); }
  void request();
  /// False at once when a stop is requested, else true after `span`.
  bool wait_for(std::chrono::milliseconds span) const;

 private:
  std::atomic<bool> requested_{false};
  int pipe_[2];
};

/// From now on SIGTERM and SIGINT request a stop of `stop`, and SIGPIPE is ignored. Call once,
/// before threads are started; `stop` must outlive the process's last signal.
void stop_on_signals(StopSignal& stop);

}  // namespace trust
