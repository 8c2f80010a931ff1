#pragma once

#include <string>

#include "intake/clock/calendar.h"

namespace trust::intake {

/// "the end of Wed 25 Nov 2026 (UTC)": the day that `due` (a midnight) ends.
std::string end_of_day_in_words(UtcTime due);
/// "2 business days 4 h left", "3 h left", "late by 1 business day 2 h", hours rounded down.
std::string time_left_in_words(const Calendar& calendar, UtcTime now, UtcTime due);
/// The counted days, a line each: "1  Mon 23 Nov 2026".
std::string counted_in_words(const DueTime& due);

}  // namespace trust::intake
