#include "notifier/announcement/announcement.h"

#include "lib/base/names.h"

namespace trust::notifier {

namespace {

constexpr int kMostNewPages = 2;
constexpr std::chrono::days kOldPage{30};

}  // namespace

std::string reason_to_ask(int new_pages_in_this_look, UtcDay page_day, UtcTime now) {
  if (new_pages_in_this_look > kMostNewPages) return "several_new";
  if (std::chrono::floor<std::chrono::days>(now) - page_day > kOldPage) return "old_page";
  return "";
}

std::string time_needed(std::int64_t mails, int rate_per_second) {
  if (rate_per_second <= 0) return "as fast as the relay takes them";
  const std::int64_t seconds = (mails + rate_per_second - 1) / rate_per_second;
  if (seconds < 120) return "about " + std::to_string(seconds) + " s";
  if (seconds < 120 * 60) return "about " + std::to_string((seconds + 30) / 60) + " min";
  return "about " + std::to_string((seconds + 1800) / 3600) + " h";
}

}  // namespace trust::notifier
