#include "lib/base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "lib/base/ascii.h"

namespace trust {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

std::string_view month_name(month m) { return kMonths[unsigned{m} - 1]; }
std::string_view day_name(UtcDay d) { return kDays[weekday{d}.c_encoding()]; }

/// Exactly `width` digits at `at`, moving `at` behind them.
bool take_digits(std::string_view text, std::size_t& at, std::size_t width, int& value) {
  if (at + width > text.size()) return false;
  value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (!is_digit(text[at + i])) return false;
    value = value * 10 + (text[at + i] - '0');
  }
  at += width;
  return true;
}

bool take_char(std::string_view text, std::size_t& at, char wanted) {
  if (at >= text.size() || text[at] != wanted) return false;
  ++at;
  return true;
}

bool take_day(std::string_view text, std::size_t& at, UtcDay& day) {
  int y = 0, m = 0, d = 0;
  if (!take_digits(text, at, 4, y) || !take_char(text, at, '-') || !take_digits(text, at, 2, m) ||
      !take_char(text, at, '-') || !take_digits(text, at, 2, d))
    return false;
  const year_month_day ymd{year{y}, month{static_cast<unsigned>(m)},
                           std::chrono::day{static_cast<unsigned>(d)}};
  if (!ymd.ok()) return false;
  day = ymd;
  return true;
}

/// "Z", "+02:00" or "-05:30": minutes east of UTC.
bool take_zone(std::string_view text, std::size_t& at, minutes& offset) {
  if (take_char(text, at, 'Z') || take_char(text, at, 'z')) {
    offset = minutes{0};
    return true;
  }
  int sign = 0, h = 0, m = 0;
  if (take_char(text, at, '+'))
    sign = 1;
  else if (take_char(text, at, '-'))
    sign = -1;
  else
    return false;
  if (!take_digits(text, at, 2, h) || !take_char(text, at, ':') || !take_digits(text, at, 2, m))
    return false;
  if (h > 23 || m > 59) return false;
  offset = minutes{sign * (h * 60 + m)};
  return true;
}

}  // namespace

UtcTime SystemClock::now() const { return floor<milliseconds>(system_clock::now()); }

std::string to_rfc3339(UtcTime t) {
  const UtcDay day = floor<days>(t);
  const hh_mm_ss time{floor<seconds>(t - day)};
  return fmt::format("{}T{:02}:{:02}:{:02}Z", to_iso_day(day), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

std::string to_iso_day(UtcDay day) {
  const year_month_day ymd{day};
  return fmt::format("{:04}-{:02}-{:02}", int{ymd.year()}, unsigned{ymd.month()},
                     unsigned{ymd.day()});
}

std::string to_rfc5322(UtcTime t) {
  const UtcDay day = floor<days>(t);
  const year_month_day ymd{day};
  const hh_mm_ss time{floor<seconds>(t - day)};
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", day_name(day), unsigned{ymd.day()},
                     month_name(ymd.month()), int{ymd.year()}, time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

std::string to_words(UtcDay day) {
  const year_month_day ymd{day};
  return fmt::format("{} {} {} {}", day_name(day), unsigned{ymd.day()}, month_name(ymd.month()),
                     int{ymd.year()});
}

Result<UtcTime> parse_rfc3339(std::string_view text) {
  const Error wrong{Fault::invalid, "not an RFC 3339 time like 2026-11-24T10:00:00Z"};
  std::size_t at = 0;
  UtcDay day;
  int h = 0, m = 0, s = 0;
  if (!take_day(text, at, day)) return wrong;
  if (!take_char(text, at, 'T') && !take_char(text, at, 't') && !take_char(text, at, ' '))
    return wrong;
  if (!take_digits(text, at, 2, h) || !take_char(text, at, ':') || !take_digits(text, at, 2, m))
    return wrong;
  if (!take_char(text, at, ':') || !take_digits(text, at, 2, s)) return wrong;
  if (h > 23 || m > 59 || s > 60) return wrong;
  milliseconds fraction{0};
  if (take_char(text, at, '.')) {
    int scale = 100;
    const std::size_t from = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      fraction += milliseconds{(text[at] - '0') * scale};
      scale /= 10;
    }
    if (at == from) return wrong;
  }
  minutes offset{0};
  if (!take_zone(text, at, offset) || at != text.size()) return wrong;
  return UtcTime{day} + hours{h} + minutes{m} + seconds{s} + fraction - offset;
}

Result<UtcDay> parse_iso_day(std::string_view text) {
  std::size_t at = 0;
  UtcDay day;
  if (!take_day(text, at, day) || at != text.size())
    return Error{Fault::invalid, "not a day like 2026-11-24"};
  return day;
}

Result<milliseconds> parse_duration(std::string_view text) {
  int count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  if (failed == std::errc{} && count >= 0) {
    if (unit == "s") return seconds{count};
    if (unit == "m") return minutes{count};
    if (unit == "h") return hours{count};
    if (unit == "d") return days{count};
  }
  return Error{Fault::invalid, "not a duration: write a number and s, m, h or d, like 30s"};
}

}  // namespace trust
