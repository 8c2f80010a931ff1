#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace trust {

/// A moment, UTC, in whole milliseconds. Every stored, printed and compared time is one of these;
/// stored as a BIGINT of milliseconds since 1970. Local time exists nowhere.
using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;
/// A calendar day, UTC.
using UtcDay = std::chrono::sys_days;

inline std::int64_t to_epoch_ms(UtcTime t) { return t.time_since_epoch().count(); }
inline UtcTime from_epoch_ms(std::int64_t ms) { return UtcTime{std::chrono::milliseconds{ms}}; }

/// Where domain code gets the time from, so that tests can set it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  UtcTime now() const override;
};

/// RFC 3339 in UTC, whole seconds: "2026-11-24T10:00:00Z".
std::string to_rfc3339(UtcTime t);
/// "2026-11-24"
std::string to_iso_day(UtcDay day);
/// RFC 5322 3.3 date-time in UTC: "Tue, 24 Nov 2026 10:00:00 +0000". Locale-independent.
std::string to_rfc5322(UtcTime t);
/// For people: "Wed 25 Nov 2026".
std::string to_words(UtcDay day);

/// RFC 3339 with Z or a numeric offset; fractions to milliseconds. Fault::invalid otherwise,
/// impossible dates and times included.
Result<UtcTime> parse_rfc3339(std::string_view text);
/// "2026-11-24"; Fault::invalid otherwise.
Result<UtcDay> parse_iso_day(std::string_view text);

/// "30s", "10m", "8h", "3d"; Fault::invalid otherwise, a number without unit included.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace trust
