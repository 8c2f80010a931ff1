#pragma once

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/store/database.h"

namespace trust::notifier {

/// Holds that are over are released, and announcements with nothing left to send are finished. Safe
/// to repeat, and from several machines at once.
Status clock_ticked(store::Connection& store, UtcTime now);

}  // namespace trust::notifier
