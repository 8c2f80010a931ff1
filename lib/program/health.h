#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
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
  std::chrono::milliseconds poll;  ///< of the mailbox or site: see is_looked_at
  /// Further numbers by name and state: {"trust_subscribers", {{"confirmed", 3}}}; may be empty.
  std::function<Result<std::map<std::string, std::map<std::string, int>>>(store::Connection&)>
      gauges{};
};

/// Health by age of the last success: within three polls and a minute, whatever is tried meanwhile.
bool is_looked_at(const std::optional<UtcTime>& last_look, UtcTime now,
                  std::chrono::milliseconds poll);
/// For `status`: "last looked at 41 s ago", "NOT LOOKED AT since 2026-11-24T10:00:00Z (5 min ago)".
std::string last_look_in_words(const std::optional<UtcTime>& last_look, UtcTime now,
                               std::chrono::milliseconds poll);

/// /healthz: 200 while the process answers. /readyz: 200, or 503 and what is wrong: the store does
/// not answer, the mailbox or site is not looked at, mail is due and the relay has answered
/// nothing for ten minutes. /metrics: Prometheus text, aggregates only.
std::vector<web::Route> health_routes(const Health& health);

}  // namespace trust::program
