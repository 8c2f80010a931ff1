#pragma once

#include <condition_variable>
#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>

#include "intake/cli/app.h"
#include "lib/base/signals.h"

namespace trust::intake {

/// Takes stored mails to their place (flow/mail_arrived), with its own connection to the store and
/// its own parser child. One thread; `wake` from any.
/// If we die here, then the next call finds each mail at the stage it had reached.
class FilingLoop {
 public:
  /// `queued` is called when there is something to send.
  FilingLoop(const Office& office, const StopSignal& stop, std::function<void()> queued,
             std::ostream& err);

  /// Everything that is there now. Fault::internal: some mails cannot be filed.
  Status file_all();
  /// Until told to stop: whenever woken, and every few seconds.
  void run();
  void wake();

 private:
  Result<Arrived> look();
  void pause();

  const Office& office_;
  const StopSignal& stop_;
  std::function<void()> queued_;
  std::ostream& err_;
  ParseMail parse_;
  FlowSettings settings_;
  std::optional<store::Connection> connection_;
  std::string told_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

}  // namespace trust::intake
