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
  std::string_view source;         ///< what is looked at: "mailbox" or "site"
  std::chrono::milliseconds poll;  ///< of it: see is_looked_at
  /// Further numbers by name and state, {"trust_subscribers", {{"confirmed", 3}}}, or by name,
  /// clock and state, {"trust_promises", {{"response late", 3}}}; may be empty.
  std::function<Result<std::map<std::string, std::map<std::string, int>>>(store::Connection&)>
      gauges{};
};

/// Health by age of the last success: within three polls and a minute, whatever is tried meanwhile.
bool is_looked_at(const std::optional<UtcTime>& last_look, UtcTime now,
                  std::chrono::milliseconds poll);
/// For `status`: "last looked at 41 s ago", "NOT LOOKED AT since 2026-11-24T10:00:00Z (5 min ago)".
std::string last_look_in_words(const std::optional<UtcTime>& last_look, UtcTime now,
                               std::chrono::milliseconds poll);

/// /healthz: 200 while the process answers. /readyz: 200, or 503 if the store cannot be read and
/// written, the mailbox or site is not looked at, or mail is due and the relay has answered nothing
/// for ten minutes; a line for each with the age of its last success. /metrics: Prometheus text,
/// aggregates only. A store that hangs holds one of the server's threads: who asks meanwhile is
/// told what is known, and after 3 s that it does not answer.
std::vector<web::Route> health_routes(const Health& health);

}  // namespace trust::program
