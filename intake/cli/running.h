#pragma once

#include <iosfwd>
#include <memory>
#include <optional>

#include "intake/cli/app.h"
#include "intake/cli/filing_loop.h"
#include "intake/cli/mailbox_loop.h"
#include "lib/base/signals.h"
#include "lib/base/threads.h"
#include "lib/outbox/worker.h"
#include "lib/program/service.h"
#include "lib/web/server.h"

namespace trust::intake {

/// `run`: one thread looks at the mailbox, one files, `smtp.connections` send. They meet in the
/// store only, so any of them may die and nothing is lost.
/// To add a part: a member, a line in `start`, and in `end` what wakes it; it ends soon after
/// `stop` is requested.
class Running final : public program::Service {
 public:
  /// Outlived by its arguments. REQUIRES that we hold the lock in state_dir.
  Running(std::unique_ptr<Office> office, StopSignal& stop, std::ostream& err);
  ~Running() override;

  Status start() override;
  bool end() override;
  /// Looks, files and sends what is there. The first failure, after all that can be done is done.
  Status until_idle() override;

 private:
  Status start_sending();

  std::unique_ptr<Office> office_;
  StopSignal& stop_;
  std::ostream& err_;
  std::optional<outbox::Worker> worker_;
  std::optional<FilingLoop> filing_;
  std::optional<MailboxLoop> mailbox_;
  std::unique_ptr<web::Server> health_;
  Threads parts_;
  Threads ending_;  ///< the one that waits for the last answers of the relay
};

}  // namespace trust::intake
