#include "lib/imap/internal_date.h"

#include <array>
#include <string>

#include "lib/base/text.h"

namespace trust::imap {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
}  // namespace

std::optional<UtcTime> parse_internal_date(std::string_view text) {
  // Rewritten as RFC 3339, which lib/base reads with all its checks.
  text = trim(text);
  const auto pieces = split(text, ' ');
  if (pieces.size() != 3 || pieces[2].size() != 5) return std::nullopt;
  const auto date = split(pieces[0], '-');
  if (date.size() != 3 || date[0].empty() || date[0].size() > 2) return std::nullopt;
  const std::string month = to_lower(date[1]);
  std::size_t number = 0;
  while (number < kMonths.size() && kMonths[number] != month) ++number;
  if (number == kMonths.size()) return std::nullopt;
  const auto two = [](const std::string& digits) {
    return digits.size() < 2 ? "0" + digits : digits;
  };
  const Result<UtcTime> time =
      parse_rfc3339(std::string{date[2]} + "-" + two(std::to_string(number + 1)) + "-" +
                    two(std::string{date[0]}) + "T" + std::string{pieces[1]} +
                    std::string{pieces[2].substr(0, 3)} + ":" + std::string{pieces[2].substr(3)});
  if (!time) return std::nullopt;
  const int year{std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(*time)}.year()};
  return year >= 1970 && year <= 2200 ? std::optional{*time} : std::nullopt;
}

}  // namespace trust::imap
