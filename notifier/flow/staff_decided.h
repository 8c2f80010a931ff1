#pragma once

#include <chrono>
#include <string>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/store/database.h"

namespace trust::notifier {

/// No further mail of it leaves: what is queued is cancelled now, what a worker holds when its turn
/// comes. How many deliveries were cancelled at once. Fault::not_found; conflict: it is finished or
/// cancelled already.
Result<int> cancel_announcement(store::Connection& store, const std::string& id, UtcTime now);

/// A held one goes on: its hold begins now. Fault::not_found; conflict: it is not held.
Status resume_announcement(store::Connection& store, const std::string& id,
                           std::chrono::milliseconds hold, UtcTime now);

}  // namespace trust::notifier
