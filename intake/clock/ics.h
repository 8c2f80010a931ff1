#pragma once

#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace trust::intake {

/// A VEVENT of whole days: [first, end).
struct IcsEvent {
  UtcDay first;
  UtcDay end;
  bool yearly = false;
};

/// The events of an iCalendar file (RFC 5545), in its order; lines end in CRLF or LF, folded or
/// not. What Calendar cannot honour (a time of day, another rule, an exception date) is refused,
/// not overlooked: Fault::invalid, "line 12: …". Cancelled events are left out; other components
/// and properties are skipped.
Result<std::vector<IcsEvent>> read_ics(std::string_view text);

}  // namespace trust::intake
