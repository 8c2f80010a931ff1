#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "lib/base/error.h"

/// When the connections of one worker may send: shared by their threads, and told the time.
namespace trust::outbox {

using SteadyTime = std::chrono::steady_clock::time_point;

/// At most `rate` mails in any second, spread evenly; lost moments are made up for within it.
class TokenBucket {
 public:
  explicit TokenBucket(int rate_per_second) : rate_{rate_per_second} {}

  /// The moment of the next mail, reserved before it is sent. Rate 0: now.
  SteadyTime reserve(SteadyTime now);

 private:
  const int rate_;
  std::mutex mutex_;
  std::optional<SteadyTime> next_;
  std::deque<SteadyTime> last_;  ///< the last `rate_` moments
};

/// Circuit breaker. The relay's trouble stops all connections; then one at a time tries one mail,
/// after 1 s, 2 s, … 25 s from the last try, and after 5, 15, 60 min where it refused our login, or
/// at once when the secret changed. Whatever it answers about a mail ends the trouble.
class Breaker {
 public:
  /// `secret_stamp` changes with the secret; empty: nobody knows.
  explicit Breaker(std::function<std::string()> secret_stamp);

  enum class Leave { send, probe, wait };
  /// `probe` is given to one caller, who then says works(), failed() or nothing_tried().
  Leave ask(SteadyTime now);
  bool is_closed() const;
  void nothing_tried();
  /// How long the trouble lasted, if this ends it.
  std::optional<std::chrono::milliseconds> works(SteadyTime now);
  /// The pause until the next try; nothing if this is a trouble that is known. A try began at
  /// `began`; `jitter` in [0, 1) takes off up to a fifth.
  std::optional<std::chrono::milliseconds> failed(Leave leave, Fault fault, SteadyTime began,
                                                  SteadyTime now, double jitter);
  /// The relay's fault after three failures in a row, or one refused login.
  std::optional<Fault> hopeless() const;

 private:
  std::string stamp() const { return secret_stamp_ ? secret_stamp_() : ""; }

  std::function<std::string()> secret_stamp_;
  mutable std::mutex mutex_;
  std::string stamp_;  ///< of the secret that was tried
  Fault fault_ = Fault::unavailable;
  int failures_ = 0;  ///< 0: closed
  std::size_t refusals_ = 0;
  bool probing_ = false;
  SteadyTime since_, retry_at_;
};

/// Mails in whose middle the connection broke. Each goes behind the others, so that one that always
/// breaks it does not keep them; what breaks it while others pass waits like a deferred mail.
class Breaks {
 public:
  /// How long this one waits now.
  std::chrono::milliseconds broke(const std::string& id, double jitter);
  void answered(const std::string& id);

 private:
  struct Broken {
    int times = 0;
    int proven = 0;  ///< of these: others had been answered since the last time
    unsigned long answers = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Broken> broken_;
  unsigned long answers_ = 0;
};

}  // namespace trust::outbox
