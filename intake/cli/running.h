#pragma once

#include <iosfwd>
#include <memory>

#include "intake/cli/app.h"
#include "lib/base/signals.h"
#include "lib/outbox/worker.h"

namespace trust::intake {

/// `run`: one thread looks at the mailbox, one files, `smtp.connections` send. They meet in the
/// store only, so any of them may die and nothing is lost.
class Running {
 public:
  /// Outlived by its arguments. REQUIRES that we hold the lock in state_dir.
  Running(App& app, Office& office, StopSignal& stop, std::ostream& err);

  /// Looks, files and sends what is there. The first failure, after all that can be done is done.
  Status until_idle();
  /// Until told to stop; then every thread has its time to end, and what has not ended by then is
  /// left to the kernel (false): sent and unanswered mails stand as `sending`, and the next start
  /// makes them `uncertain`.
  Result<bool> until_stopped();

 private:
  App& app_;
  Office& office_;
  StopSignal& stop_;
  std::ostream& err_;
  std::unique_ptr<outbox::Worker> worker_;
};

}  // namespace trust::intake
