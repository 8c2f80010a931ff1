#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "lib/store/database.h"
#include "lib/web/router.h"

namespace trust::program {

/// What /healthz, /readyz and /metrics look at.
struct Health {
  store::Database database;
  const Clock& clock;              ///< outlives the routes
  std::chrono::milliseconds poll;  ///< a last look ten times as old, or five minutes, is a fault
  /// Further numbers by name and state: {"trust_subscribers", {{"confirmed", 3}}}; may be empty.
  std::function<Result<std::map<std::string, std::map<std::string, int>>>(store::Connection&)>
      gauges{};
};

/// /healthz: 200 while the process answers. /readyz: 200, or 503 and what is wrong: the store does
/// not answer, the mailbox or site was not looked at lately, mail is due and the relay has answered
/// nothing for ten minutes. /metrics: Prometheus text, aggregates only.
std::vector<web::Route> health_routes(const Health& health);

}  // namespace trust::program
