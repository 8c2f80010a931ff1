#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"

namespace trust::intake {

/// A time as somebody wrote it.
struct NamedTime {
  UtcTime utc;
  std::string words;  ///< as they stand in the text, at most 100 bytes
  bool operator==(const NamedTime&) const = default;
};

/// The moments a text names with certainty, in its order, each once, at most 50. A moment is a
/// date, a clock time and a zone, where the zone is UTC, GMT, Z or an offset in digits. Read are
/// ISO 8601, RFC 5322, "24 Nov 2026 at 14:05 UTC", "Nov 24, 14:05 (UTC)", "2:05 pm UTC yesterday",
/// ranges ("between 14:05 and 14:20 UTC") and clock times on the line of a date. A missing year and
/// "today" or "yesterday" are read by `received`; without it such dates are left out. Never: local
/// time, "EST", 03/04/2026, a date without a time. Linear; the first 256 KiB are read.
std::vector<NamedTime> times_in(std::string_view text, std::optional<UtcTime> received);

}  // namespace trust::intake
