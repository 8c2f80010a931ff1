#include "intake/clock/calendar.h"

#include "intake/clock/ics.h"
#include "lib/base/id.h"
#include "lib/base/text.h"

namespace trust::intake {

using namespace std::chrono;

namespace {

constexpr std::size_t kMostYearlyDays = 100;

std::pair<unsigned, unsigned> month_and_day(UtcDay day) {
  const year_month_day ymd{day};
  return {unsigned{ymd.month()}, unsigned{ymd.day()}};
}

int year_of(UtcDay day) { return int{year_month_day{day}.year()}; }

bool is_weekday(UtcDay day) {
  const weekday name{day};
  return name != Saturday && name != Sunday;
}

/// "2 business days 4 h", "1 business day", "3 h", "less than 1 h".
std::string span_in_words(int whole_days, milliseconds rest) {
  const auto whole_hours = floor<hours>(rest).count();
  std::string words;
  if (whole_days > 0)
    words = std::to_string(whole_days) + (whole_days == 1 ? " business day" : " business days");
  if (whole_hours > 0) words += (words.empty() ? "" : " ") + std::to_string(whole_hours) + " h";
  return words.empty() ? "less than 1 h" : words;
}

}  // namespace

Result<Calendar> Calendar::from_ics(std::string_view text) {
  Result<std::vector<IcsEvent>> events = read_ics(text);
  if (!events) return events.error();
  Calendar calendar;
  for (const IcsEvent& event : *events) {
    for (UtcDay day = event.first; day < event.end; day += days{1}) {
      if (event.yearly) {
        const auto [known, added] = calendar.yearly_.emplace(month_and_day(day), year_of(day));
        if (!added) known->second = std::min(known->second, year_of(day));
      } else {
        calendar.holidays_.insert(day);
      }
    }
  }
  if (calendar.yearly_.size() > kMostYearlyDays)
    return Error{Fault::invalid, "more than 100 yearly holidays; is this a holiday calendar?"};
  if (!calendar.holidays_.empty())
    calendar.last_known_ = year{year_of(*calendar.holidays_.rbegin())} / December / 31;

  std::string list;
  for (const UtcDay day : calendar.holidays_) list += to_iso_day(day) + "\n";
  for (const auto& [day, since] : calendar.yearly_)
    list += std::to_string(day.first) + "/" + std::to_string(day.second) + " since " +
            std::to_string(since) + "\n";
  calendar.version_ = to_hex(sha256(list)).substr(0, 12);
  return calendar;
}

bool Calendar::is_holiday(UtcDay day) const {
  if (holidays_.contains(day)) return true;
  if (last_known_ && day > *last_known_) return false;
  const auto rule = yearly_.find(month_and_day(day));
  return rule != yearly_.end() && rule->second <= year_of(day);
}

bool Calendar::is_business_day(UtcDay day) const { return is_weekday(day) && !is_holiday(day); }

DueTime Calendar::due(UtcTime from, BusinessDays wanted) const {
  assert(wanted.count >= 1);
  DueTime result;
  UtcDay day = floor<days>(from);
  while (result.counted.size() < static_cast<std::size_t>(wanted.count)) {
    day += days{1};
    if (is_business_day(day))
      result.counted.push_back(day);
    else if (is_weekday(day))
      result.holidays.push_back(day);
  }
  result.due = day + days{1};
  result.provisional = last_known_ && day > *last_known_;
  return result;
}

int Calendar::business_days_between(UtcTime now, UtcTime due) const {
  int count = 0;
  for (UtcDay day = floor<days>(now) + days{1}; day + days{1} <= due; day += days{1})
    if (is_business_day(day)) ++count;
  return count;
}

UtcTime Calendar::start_of_business_days_before(UtcTime now, BusinessDays wanted) const {
  UtcDay day = floor<days>(now);
  for (int left = wanted.count; left > 0;) {
    day -= days{1};
    if (is_business_day(day)) --left;
  }
  return day;
}

std::string end_of_day_in_words(UtcTime due) {
  return "the end of " + to_words(floor<days>(due - milliseconds{1})) + " (UTC)";
}

std::string time_left_in_words(const Calendar& calendar, UtcTime now, UtcTime due) {
  const UtcDay today = floor<days>(now);
  const bool today_counts = calendar.is_business_day(today);
  if (now < due) {
    const int left = calendar.business_days_between(now, due);
    const milliseconds of_today = today_counts ? today + days{1} - now : milliseconds{0};
    return span_in_words(left, left == 0 ? due - now : of_today) + " left";
  }
  // The day that begins at `due` is the first late one.
  const int over = calendar.business_days_between(due - milliseconds{1}, today);
  const milliseconds of_today = today_counts ? now - today : milliseconds{0};
  return "late by " + span_in_words(over, over == 0 ? now - due : of_today);
}

std::string counted_in_words(const DueTime& due) {
  std::string lines;
  int number = 0;
  for (const UtcDay day : due.counted)
    lines += std::to_string(++number) + "  " + to_words(day) + "\n";
  return lines;
}

}  // namespace trust::intake
