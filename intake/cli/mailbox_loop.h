#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "intake/cli/app.h"
#include "lib/base/signals.h"
#include "lib/imap/imap_mailbox.h"

namespace trust::intake {

/// Looks at the watched folders with its own connections to mailbox and store. `run` in one thread,
/// `watch` in another: it waits on INBOX (IDLE) over a connection of its own and only wakes `run`.
/// If we die here, then the next look finds in the ledger what was stored and fetches the rest.
class MailboxLoop {
 public:
  using Pauses = std::array<std::chrono::milliseconds, 3>;
  static constexpr Pauses kLoginPauses{std::chrono::minutes{5}, std::chrono::minutes{15},
                                       std::chrono::minutes{60}};

  /// `looked` is called after each look that stored something. `err` gets each failure's sentence
  /// when it changes. All references outlive the loop.
  MailboxLoop(const Office& office, const StopSignal& stop, std::function<void()> looked,
              std::ostream& err, const Pauses& login_pauses = kLoginPauses);

  /// One whole look at all folders: every UID against the ledger.
  Status look_once();
  /// Looks every `imap.poll` and when woken, until told to stop; whole at first and hourly, between
  /// these only at folders whose STATUS moved. After a failure again in 1 s, doubling to 25 s;
  /// after a refused login in `login_pauses`, and at once when the file of the secret changes.
  void run();
  /// Until told to stop, and wherever the server can (RFC 2177). Its failures are no news: `run`
  /// meets them too.
  void watch();
  /// Ends the pause between two looks. Any thread.
  void wake();

 private:
  enum class Extent { whole, news };
  Status look(Extent extent);
  Status open_both();
  Status sync(Extent extent);
  Result<bool> has_moved(const std::string& folder, Extent extent);
  void is_missing(const std::string& folder, const Error& error);
  Result<std::unique_ptr<imap::ImapMailbox>> connect();
  Status watch_once();
  void pause(std::chrono::milliseconds span);
  void log_failure(const Error& error, std::chrono::milliseconds pause) const;
  void explain(const Error& error, std::chrono::milliseconds pause);
  void wait_for_login(std::chrono::milliseconds pause);

  const Office& office_;
  const StopSignal& stop_;
  std::function<void()> looked_;
  std::ostream& err_;
  const Pauses login_pauses_;
  std::string step_ = "connect";  ///< for the log: connect, sync, store
  std::unique_ptr<mail::Mailbox> mailbox_;
  std::optional<store::Connection> connection_;
  /// What is known of a folder between two looks.
  struct Watched {
    mail::FolderState state;   ///< before the last look at it that left nothing to do
    std::uint32_t mark = 0;    ///< UIDNEXT as it was at marked_at, and ...
    std::uint32_t passed = 0;  ///< ... at least two polls before that
    std::chrono::steady_clock::time_point marked_at{};
  };
  std::map<std::string, Watched> watched_;
  std::set<std::string> missing_;  ///< folders that are not there and were told of
  bool again_ = false;             ///< bytes did not come: they are asked for on a new connection
  std::string told_;               ///< the last failure's sentence
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool is_well_ = false;  ///< the last look succeeded: `watch` may connect
};

}  // namespace trust::intake
