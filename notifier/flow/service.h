#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "lib/base/result.h"
#include "lib/base/signals.h"
#include "lib/base/threads.h"
#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/outbox/worker.h"
#include "lib/store/database.h"
#include "notifier/flow/page_published.h"
#include "notifier/page/site.h"

namespace trust::notifier {

/// What `run` works with. References outlive the service.
struct ServiceParts {
  store::Database database;
  const Keyring& keyring;
  const Office& office;
  const Site& site;
  const Clock& clock;
  std::chrono::milliseconds poll{60'000};
  outbox::WorkerSettings sending;
  outbox::Worker::NewTransport new_transport;
  std::chrono::milliseconds stop_wait{30'000};  ///< how long `end` may wait for the relay
};

/// The service: one thread looks every `poll`, one releases and finishes, `smtp.connections` send,
/// until `stop` ends the round. A look or store that fails is logged and tried again.
/// To add a part: a member, a line in `start`, and in `end` what wakes it.
class Service {
 public:
  Service(ServiceParts parts, StopSignal& stop) : p_{std::move(parts)}, stop_{stop} {}

  Status start();
  /// REQUIRES that the signal has ended the round and the waits of `site` were interrupted. False:
  /// a part has not ended yet; call again.
  bool end();

 private:
  void look_until_stopped();
  void tick_until_stopped(store::Connection store);

  ServiceParts p_;
  StopSignal& stop_;
  std::unique_ptr<outbox::Worker> worker_;
  Threads parts_;
  Threads ending_;  ///< the one that waits for the last answers of the relay
};

/// What came of one round.
struct Idle {
  Status sent;    ///< unavailable, denied: the relay cannot be used, or the store failed
  Status looked;  ///< unavailable: the site could not be looked at
};
/// One look, and everything that is due now is sent. What can be done is done whatever else fails.
Idle run_until_idle(const ServiceParts& parts, StopSignal& stop);

}  // namespace trust::notifier
