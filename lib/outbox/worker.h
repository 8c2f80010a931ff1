#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "lib/base/signals.h"
#include "lib/base/time.h"
#include "lib/mail/transport.h"
#include "lib/outbox/outbox.h"
#include "lib/store/database.h"

namespace trust::outbox {

/// A mail as it goes over the wire.
struct Composed {
  std::string envelope_from;
  std::string recipient;
  std::string message;
};

/// Makes the mails of rows that carry no bytes (announcements). One per connection to the relay.
class Composer {
 public:
  virtual ~Composer() = default;
  /// The mail, or the state the row takes instead: left, suppressed or cancelled.
  /// Fault::unavailable: the store is away; the row stays for later.
  virtual Result<std::variant<Composed, State>> compose(store::Connection& connection,
                                                        const ClaimedMail& mail) = 0;
  /// Asked again in the transaction that marks the row `sending`: may this still go to this
  /// address? Nothing = yes; a state = what the row becomes, and the dot never leaves.
  virtual Result<std::optional<State>> still_wanted(store::Connection& connection,
                                                    const ClaimedMail& mail,
                                                    const Composed& composed) = 0;
};

struct WorkerSettings {
  int connections = 1;
  int rate_per_second = 0;  ///< 0: as fast as the relay takes them
  /// After it a dead worker's rows are taken over; a living one extends it in time.
  std::chrono::milliseconds lease{2 * 60'000};
  std::chrono::milliseconds uncertain_pause{15 * 60'000};
  int claim_rows = 20;
  std::chrono::milliseconds stop_wait{30'000};  ///< for the answers to mails whose end has left
  std::function<std::string()> secret_stamp{};  ///< changes with the relay's password; may be empty
  /// SQLite: we hold the lock in state_dir, so every held row found at start is a dead worker's.
  /// With PostgreSQL the worker finds that out itself (presence.h).
  bool alone = true;
};

/// Sends what is due until stopped: `connections` threads, each with its own store session and its
/// own transport, and one that keeps their leases.
class Worker {
 public:
  using NewTransport = std::function<std::unique_ptr<mail::Transport>()>;
  using NewComposer = std::function<std::unique_ptr<Composer>()>;  ///< may be empty

  Worker(WorkerSettings settings, store::Database database, NewTransport transport,
         NewComposer composer, const Clock& clock, StopSignal& stop);
  ~Worker();

  /// Starts the threads, after taking over what a dead worker left.
  Status start();
  /// Something was queued: look now.
  void wake();
  /// Waits until nothing is due and nothing is in flight.
  /// Fault::unavailable: the relay could not be used three times in a row; denied: it refused our
  /// login.
  Status wait_until_idle();
  /// No end of a mail leaves any more. Waits up to `stop_wait` for the answers to those that have
  /// left, records them (what was not answered is uncertain), gives the other rows back, and joins.
  /// Longer only where the store does not answer.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trust::outbox
