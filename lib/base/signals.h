#pragma once

#include <atomic>
#include <chrono>

namespace trust {

/// What a run was asked for: to end, or to begin a new round with newly read settings. Shared by
/// all threads of a run; waiting ends early when the end is asked for.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether the threads are to end: the program does, or this round of it.
  bool requested() const { return requested_.load(); }
  /// The program is to end.
  void request();
  /// False at once when an end is requested, else true after `span`.
  bool wait_for(std::chrono::milliseconds span) const;

  /// For the thread that leads the rounds; the request itself may come from any thread or a signal
  /// handler, and many before an answer are one.
  void request_reload();
  /// Waits for one of both. True: settings are to be read again; false: the program is to end.
  bool wait_for_reload();
  void end_round();
  /// REQUIRES that no thread of the last round is left. False: the program is to end.
  bool begin_round();
  bool is_last_round() const { return for_good_.load(); }

 private:
  std::atomic<bool> requested_{false}, for_good_{false}, reload_{false};
  int pipe_[2];         ///< holds a byte while requested_
  int reload_pipe_[2];  ///< wakes wait_for_reload
};

/// First thing in main: from now on a SIGHUP waits for `stop_on_signals`, where before it would
/// have ended the process (and systemd takes such an end for a wish).
void hold_reloads();

/// From now on SIGTERM and SIGINT request a stop of `stop`, SIGHUP a reload, and SIGPIPE is
/// ignored. Call once, before threads are started; `stop` must outlive the process's last signal.
void stop_on_signals(StopSignal& stop);

/// From now on this process leaves no core file, and other processes of its user can neither trace
/// it nor read its memory: it holds passwords. Both, as a core handler that the kernel pipes to
/// asks for no limit. What it executes is free again.
void keep_memory_to_ourselves();

}  // namespace trust
