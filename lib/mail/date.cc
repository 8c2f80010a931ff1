// RFC 5322 3.3 and 4.3, and the dates that real mailers write.
#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"

namespace trust::mail {

namespace {

using namespace std::chrono;

constexpr std::size_t kLongestDate = 1000;
constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
struct Zone {
  std::string_view name;
  int hours;
};
constexpr Zone kZones[] = {{"ut", 0},   {"utc", 0},  {"gmt", 0},  {"z", 0},
                           {"est", -5}, {"edt", -4}, {"cst", -6}, {"cdt", -5},
                           {"mst", -7}, {"mdt", -6}, {"pst", -8}, {"pdt", -7},
                           {"cet", 1},  {"cest", 2}, {"bst", 1},  {"jst", 9}};

std::optional<int> number(std::string_view text) {
  return all_of(text, is_digit) ? number_of<int>(text) : std::nullopt;
}

/// Words without comments; commas are blanks, and a "-" or "/" between digit and letter is one too
/// ("24-Nov-2026").
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(') ++depth;
    if (c == ')' && depth > 0) --depth;
    const bool joins = (c == '-' || c == '/') && i > 0 && i + 1 < text.size() &&
                       ((is_digit(text[i - 1]) && is_letter(text[i + 1])) ||
                        (is_letter(text[i - 1]) && is_digit(text[i + 1]) && words.size() < 4 &&
                         words.back().size() == 3));
    if (depth > 0 || c == ')' || is_space(c) || c == ',' || joins) {
      if (!words.back().empty()) words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

/// Minutes east of UTC. Unknown names are UTC (RFC 5322 4.3), as are the military letters.
std::optional<minutes> zone_of(std::string_view word) {
  for (const std::string_view lead : {"GMT", "UTC"})
    if (word.size() > 3 && starts_with_ignoring_case(word, lead)) word.remove_prefix(3);
  if (word.starts_with('+') || word.starts_with('-')) {
    std::string digits;
    for (const char c : word.substr(1))
      if (c != ':') digits += c;
    if (digits.size() == 1 || digits.size() == 3) digits.insert(0, "0");
    if (digits.size() == 2) digits += "00";
    const auto value = number(digits);
    if (!value || digits.size() != 4 || *value % 100 > 59 || *value / 100 > 24) return std::nullopt;
    const minutes offset{*value / 100 * 60 + *value % 100};
    return word.front() == '-' ? -offset : offset;
  }
  for (const Zone& zone : kZones)
    if (equals_ignoring_case(word, zone.name)) return hours{zone.hours};
  if (!word.empty() && all_of(word, is_letter)) return minutes{0};
  return std::nullopt;
}

/// "10:00", "10:00:30", "10:00:30.25", "10.00.30".
std::optional<seconds> time_of_day(std::string_view word) {
  const char between = word.find(':') != std::string_view::npos ? ':' : '.';
  const auto pieces = split(word, between);
  if (pieces.size() < 2 || pieces.size() > 3) return std::nullopt;
  const auto h = number(pieces[0]), m = number(pieces[1]);
  const auto s = pieces.size() == 3 ? number(pieces[2].substr(0, pieces[2].find_first_of(".,")))
                                    : std::optional<int>{0};
  if (!h || !m || !s || *h > 23 || *m > 59 || *s > 60) return std::nullopt;
  return hours{*h} + minutes{*m} + seconds{std::min(*s, 59)};
}

std::optional<int> month_of(std::string_view word) {
  if (word.size() < 3) return std::nullopt;
  const std::string begin = to_lower(word.substr(0, 3));
  const auto found = std::find(kMonths.begin(), kMonths.end(), begin);
  if (found == kMonths.end() ||
      !std::all_of(word.begin(), word.end() - (word.back() == '.'), is_letter))
    return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

int full_year(int written, std::size_t digits) {
  if (digits == 2) return written + (written < 50 ? 2000 : 1900);
  if (digits == 3) return written + 1900;
  return written;
}

std::optional<UtcTime> within_reason(UtcTime time) {
  const year_month_day day{floor<days>(time)};
  if (day.year() < year{1970} || day.year() > year{2200}) return std::nullopt;
  return time;
}

}  // namespace

std::optional<UtcTime> parse_date(std::string_view raw_value) {
  raw_value = trim(raw_value.substr(0, kLongestDate));
  if (const Result<UtcTime> iso = parse_rfc3339(raw_value)) return within_reason(*iso);
  std::optional<int> day, month_number, year_number;
  std::optional<seconds> clock;
  std::optional<minutes> zone;
  for (const std::string& word : words_of(raw_value)) {
    if (!month_number && month_of(word)) {
      month_number = month_of(word);
    } else if (const auto n = number(word); n && !day && word.size() <= 2) {
      day = n;
    } else if (n && !year_number && (word.size() >= 2 && word.size() <= 4)) {
      year_number = full_year(*n, word.size());
    } else if (!clock && is_digit(word.front()) && word.find_first_of(":.") != std::string::npos) {
      // "10:00:00+0200" and "10:00:00Z" come without a blank.
      const std::size_t end = std::min(word.find_first_not_of("0123456789:."), word.size());
      clock = time_of_day(std::string_view{word}.substr(0, end));
      if (!clock) return std::nullopt;
      if (end < word.size()) zone = zone_of(std::string_view{word}.substr(end));
    } else if (clock && !zone) {
      zone = zone_of(word);
      if (!zone && (word.front() == '+' || word.front() == '-')) return std::nullopt;
    }
  }
  if (!day || !month_number || !year_number || !clock) return std::nullopt;
  const year_month_day date{year{*year_number}, month{static_cast<unsigned>(*month_number)},
                            std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return within_reason(UtcTime{sys_days{date}} + *clock - zone.value_or(minutes{0}));
}

}  // namespace trust::mail
