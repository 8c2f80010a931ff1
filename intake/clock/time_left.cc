#include "intake/clock/time_left.h"

namespace trust::intake {

using namespace std::chrono;

namespace {

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
