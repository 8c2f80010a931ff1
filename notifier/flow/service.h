#pragma once

#include <chrono>
#include <iosfwd>

#include "lib/base/result.h"
#include "lib/base/signals.h"
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
};

/// The service: looks every `poll`, releases, sends, finishes, until `stop` is requested. A look or
/// store that fails is logged and tried again. False: a look still waits for a server when it ends;
/// the process must exit then without unwinding, and nothing is lost.
Result<bool> run_until_stopped(const ServiceParts& parts, StopSignal& stop);

/// What came of one round.
struct Idle {
  Status sent;    ///< unavailable, denied: the relay cannot be used, or the store failed
  Status looked;  ///< unavailable: the site could not be looked at
};
/// One look, and everything that is due now is sent. What can be done is done whatever else fails.
Idle run_until_idle(const ServiceParts& parts, StopSignal& stop);

}  // namespace trust::notifier
