#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace trust::intake {

/// A piece of a text that speaks of time. Internal to report_times.
struct TimeToken {
  enum class Kind { date, clock, zone } kind = Kind::date;
  std::size_t begin = 0, end = 0;

  // date: year 0 = not written; or days relative to the day of receipt
  int year = 0, month = 0, day = 0;
  std::optional<int> relative_days;
  // clock
  std::chrono::seconds since_midnight{0};
  bool has_seconds = false;
  // zone: minutes east of UTC; none: a zone that is not certain (CET, EST, "local")
  std::optional<std::chrono::minutes> offset;
};

/// In the text's order, without overlaps; at most `most`. Linear.
std::vector<TimeToken> time_tokens(std::string_view text, std::size_t most);

}  // namespace trust::intake
