#pragma once

#include <memory>
#include <vector>

#include "lib/web/server.h"
#include "notifier/cli/app.h"

namespace trust::notifier {

/// The servers of `run`: health and metrics on http.private_listen, and the pages on http.listen
/// where there is an https http.public_url. They stop with the result, which `all` outlives.
/// Fault::denied: an address cannot be listened at.
Result<std::vector<std::unique_ptr<web::Server>>> start_serving(App& app, Opened& all);

}  // namespace trust::notifier
