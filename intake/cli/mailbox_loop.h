#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "intake/cli/app.h"
#include "lib/base/signals.h"
#include "lib/mail/mailbox.h"

namespace trust::intake {

/// Looks at the watched folders with its own connections to mailbox and store. One thread.
/// If we die here, then the next look finds in the ledger what was stored and fetches the rest.
class MailboxLoop {
 public:
  /// `looked` is called after each look that stored something. `err` gets each failure's sentence
  /// when it changes. All references outlive the loop.
  MailboxLoop(App& app, const Office& office, const StopSignal& stop, std::function<void()> looked,
              std::ostream& err);

  /// One whole look at all folders: every UID against the ledger.
  Status look_once();
  /// Looks every `imap.poll`, whole at first and hourly, until told to stop. After a failure again
  /// in 1 s, doubling to 25 s; after a refused login in 5, 15, 60 min, and at once when the file of
  /// the secret changes.
  void run();

 private:
  enum class Extent { whole, news };
  Status look(Extent extent);
  Status open_both();
  Status sync(Extent extent);
  void log_failure(const Error& error, std::chrono::milliseconds pause) const;
  void explain(const Error& error, std::chrono::milliseconds pause);
  void wait_for_login(std::chrono::milliseconds pause);

  App& app_;
  const Office& office_;
  const StopSignal& stop_;
  std::function<void()> looked_;
  std::ostream& err_;
  std::string step_ = "connect";  ///< for the log: connect, sync, store
  std::unique_ptr<mail::Mailbox> mailbox_;
  std::optional<store::Connection> connection_;
  std::set<std::string> missing_;  ///< folders that are not there and were told of
  std::string told_;               ///< the last failure's sentence
};

}  // namespace trust::intake
