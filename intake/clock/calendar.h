#pragma once

/// intake/clock: business days and due times. Pure values; no store, no clock of its own.
///   calendar.*   which days count, due times, "1 business day 4 h left"
///   ics.*        the iCalendar file they come from
/// Golden values stand in tests/golden/business-days.tsv.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace trust::intake {

/// A number of business days; never hours, never calendar days.
struct BusinessDays {
  int count = 0;
};

/// A due time with its derivation.
struct DueTime {
  UtcTime due;  ///< the midnight UTC that ends the last counted day; met before it = in time
  std::vector<UtcDay> counted;   ///< the days that were counted, one by one
  std::vector<UtcDay> holidays;  ///< days in between that were not, as the file says so
  bool provisional = false;      ///< counted past the end of the holiday file
};

/// Monday to Friday, UTC, less the holidays of an iCalendar file (RFC 5545: VEVENT with DTSTART,
/// DTEND, DURATION of whole days, RRULE:FREQ=YEARLY without further parts; a cancelled event is
/// none). Past the last year that a dated event falls in, every Monday to Friday counts, yearly
/// holidays too, marked provisional: a holiday only ever makes a promise later. A file of yearly
/// events alone has no end.
class Calendar {
 public:
  /// No holidays at all, never provisional.
  Calendar() = default;
  /// Fault::invalid, naming the line: not an iCalendar file, an event that cannot be read, no event
  /// at all, or more than 100 yearly days.
  static Result<Calendar> from_ics(std::string_view text);

  bool is_business_day(UtcDay day) const;
  /// Whether the file calls it one, weekends included.
  bool is_holiday(UtcDay day) const;
  /// The day of receipt is not counted, whatever the hour. REQUIRES days.count >= 1.
  DueTime due(UtcTime from, BusinessDays days) const;
  /// Whole business days from after `now`'s day up to the day that ends at `due`; for words.
  int business_days_between(UtcTime now, UtcTime due) const;
  /// The start of the n-th business day before the day of `now`; for "the last 3 business days".
  UtcTime start_of_business_days_before(UtcTime now, BusinessDays days) const;
  /// Names this very list of days: 12 hex characters of its SHA-256; "mon-fri" without a file.
  const std::string& version() const { return version_; }
  /// The last day the file speaks of; none without a file, or where it has no end.
  std::optional<UtcDay> last_known() const { return last_known_; }

 private:
  std::set<UtcDay> holidays_;
  std::map<std::pair<unsigned, unsigned>, int> yearly_;  ///< month, day -> first year
  std::optional<UtcDay> last_known_;
  std::string version_ = "mon-fri";
};

/// "the end of Wed 25 Nov 2026 (UTC)": the day that `due` (a midnight) ends.
std::string end_of_day_in_words(UtcTime due);
/// "2 business days 4 h left", "3 h left", "late by 1 business day 2 h", hours rounded down.
std::string time_left_in_words(const Calendar& calendar, UtcTime now, UtcTime due);
/// The counted days, a line each: "1  Mon 23 Nov 2026".
std::string counted_in_words(const DueTime& due);

}  // namespace trust::intake
