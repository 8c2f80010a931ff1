#include "intake/report/report_times.h"

#include <algorithm>

#include "intake/report/time_tokens.h"
#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"

namespace trust::intake {

namespace {

using namespace std::chrono;
using Kind = TimeToken::Kind;

constexpr std::size_t kMostText = 256U << 10U;
constexpr std::size_t kMostTokens = 20'000;
constexpr std::size_t kMostTimes = 50;
constexpr std::size_t kMostWords = 100;
constexpr std::size_t kFarthestDate = 200;  // bytes between a clock time and the date it belongs to

/// Whether nothing but `words` and marks stands between two places.
bool only_between(std::string_view text, std::size_t from, std::size_t to, std::string_view words) {
  if (to < from || to - from > 40) return false;
  std::string_view rest = text.substr(from, to - from);
  while (!rest.empty()) {
    const char c = rest.front();
    if (!is_alnum(c)) {
      if (c == '.' || c == '!' || c == '?') return false;
      rest.remove_prefix(1);
      continue;
    }
    const std::size_t end = std::min(rest.find_first_of(" \t\r\n,;:()[]-@~"), rest.size());
    if (!equals_any(rest.substr(0, end), words)) return false;
    rest.remove_prefix(end);
  }
  return true;
}

/// "All times are UTC", "times (UTC)".
bool says_all_is_utc(std::string_view text) {
  for (std::size_t at = find_ignoring_case(text, "times"); at != std::string_view::npos;
       at = find_ignoring_case(text, "times", at + 5)) {
    const std::size_t utc = find_ignoring_case(text.substr(at, 40), "utc");
    if (utc != std::string_view::npos &&
        only_between(text, at + 5, at + utc, "are|is|in|given|as|below|all|stated"))
      return true;
  }
  return false;
}

class Resolver {
 public:
  Resolver(std::string_view text, std::optional<UtcTime> received)
      : text_{text},
        received_{received},
        tokens_{time_tokens(text, kMostTokens)},
        all_utc_{says_all_is_utc(text)} {}

  std::vector<NamedTime> resolve() {
    for (std::size_t i = 0; i < tokens_.size() && found_.size() < kMostTimes; ++i) {
      if (tokens_[i].kind == Kind::date) date_ = i;
      if (tokens_[i].kind == Kind::clock) add(i);
    }
    return std::move(found_);
  }

 private:
  const TimeToken* at(std::size_t i) const { return i < tokens_.size() ? &tokens_[i] : nullptr; }
  const TimeToken* zone_behind(std::size_t clock) const {
    const TimeToken* next = at(clock + 1);
    return next != nullptr && next->kind == Kind::zone &&
                   only_between(text_, tokens_[clock].end, next->begin, "")
               ? next
               : nullptr;
  }
  /// The clock time at the other end of "14:05 to 14:20", "14:05-14:20", "14:05 and 14:20".
  std::optional<std::size_t> range_end(std::size_t clock) const {
    const std::size_t next = zone_behind(clock) != nullptr ? clock + 2 : clock + 1;
    if (at(next) == nullptr || at(next)->kind != Kind::clock) return std::nullopt;
    if (!only_between(text_, at(next - 1)->end, at(next)->begin, "to|and|until|till|or|through"))
      return std::nullopt;
    return next;
  }

  const TimeToken* zone_of(std::size_t clock) const {
    if (const TimeToken* own = zone_behind(clock)) return own;
    if (const auto end = range_end(clock)) return zone_behind(*end);
    if (clock == 0) return nullptr;
    // "UTC 14:05", "Time (UTC): 2026-11-24 14:05": a zone of its own on the same line before it.
    for (std::size_t i = clock; i-- > 0 && clock - i <= 3;) {
      const TimeToken& token = tokens_[i];
      if (text_.substr(token.end, tokens_[clock].begin - token.end).find('\n') !=
          std::string_view::npos)
        return nullptr;
      if (token.kind == Kind::clock) return nullptr;
      if (token.kind != Kind::zone) continue;
      const bool of_another =
          i > 0 && zone_behind(i - 1) == &token && tokens_[i - 1].kind == Kind::clock;
      return !of_another || range_end(i - 1) == clock ? &token : nullptr;
    }
    return nullptr;
  }

  const TimeToken* date_behind(std::size_t clock) const {
    const std::size_t next = zone_behind(clock) != nullptr ? clock + 2 : clock + 1;
    const TimeToken* date = at(next);
    if (date == nullptr || date->kind != Kind::date) return nullptr;
    return only_between(
               text_, at(next - 1)->end, date->begin,
               "on|of|the|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|"
               "saturday|sunday")
               ? date
               : nullptr;
  }

  /// Whether a date opens the time behind it: "…, 25 Nov 09:00".
  bool opens_next(const TimeToken& date) const {
    const TimeToken* next = at(static_cast<std::size_t>(&date - tokens_.data()) + 1);
    return next != nullptr && next->kind == Kind::clock &&
           only_between(text_, date.end, next->begin, "at");
  }

  const TimeToken* date_of(std::size_t clock) const {
    const TimeToken* before = date_ ? &tokens_[*date_] : nullptr;
    const TimeToken& time = tokens_[clock];
    const TimeToken* behind = date_behind(clock);
    if (behind != nullptr && before != nullptr && opens_next(*behind)) behind = nullptr;
    // "on" binds more than a comma: "14:05 on 23 Nov, 09:00 on 24 Nov".
    if (behind != nullptr && find_ignoring_case(text_.substr(time.end, behind->begin - time.end),
                                                " on ") != std::string_view::npos)
      return behind;
    if (before != nullptr && only_between(text_, before->end, time.begin,
                                          "at|t|around|about|approx|ca|from|between|since"))
      return before;
    if (behind != nullptr) return behind;
    if (const auto end = range_end(clock))
      if (const TimeToken* of_range = date_behind(*end)) return of_range;
    if (before == nullptr || time.begin - before->end > kFarthestDate) return nullptr;
    const std::string_view between = text_.substr(before->end, time.begin - before->end);
    const bool same_paragraph = between.find("\n\n") == std::string_view::npos &&
                                between.find("\r\n\r\n") == std::string_view::npos;
    return same_paragraph ? before : nullptr;
  }

  std::optional<sys_days> day_of(const TimeToken& date) const {
    if (date.relative_days) {
      if (!received_) return std::nullopt;
      return floor<days>(*received_) + days{*date.relative_days};
    }
    const auto in_year = [&](int y) {
      return year_month_day{year{y}, month{static_cast<unsigned>(date.month)},
                            day{static_cast<unsigned>(date.day)}};
    };
    if (date.year != 0) return sys_days{in_year(date.year)};
    if (!received_) return std::nullopt;
    const int this_year = int{year_month_day{floor<days>(*received_)}.year()};
    for (const int y :
         {this_year + 1, this_year, this_year - 1})  // the last one that is not to come
      if (in_year(y).ok() && sys_days{in_year(y)} <= *received_ + days{1})
        return sys_days{in_year(y)};
    return std::nullopt;
  }

  void add(std::size_t clock) {
    const TimeToken* zone = zone_of(clock);
    const TimeToken* date = date_of(clock);
    const bool certain = zone != nullptr ? zone->offset.has_value() : all_utc_;
    if (!certain || date == nullptr) return;
    const auto day = day_of(*date);
    if (!day) return;
    const TimeToken& time = tokens_[clock];
    UtcTime utc =
        UtcTime{*day} + time.since_midnight - (zone != nullptr ? *zone->offset : minutes{0});
    // "24 Nov from 23:50 to 00:10": a range goes forward.
    const bool ends_range = clock > 0 && last_clock_ && range_end(*last_clock_) == clock;
    if (ends_range && date == last_date_ && utc < last_utc_) utc += days{1};
    last_clock_ = clock;
    last_date_ = date;
    last_utc_ = utc;
    if (std::any_of(found_.begin(), found_.end(), [&](const NamedTime& t) { return t.utc == utc; }))
      return;
    std::size_t begin = time.begin, end = zone_behind(clock) != nullptr ? zone->end : time.end;
    const std::size_t whole_begin = std::min(begin, date->begin),
                      whole_end = std::max(end, date->end);
    if (whole_end - whole_begin <= kMostWords) {
      begin = whole_begin;
      end = whole_end;
    }
    found_.push_back(
        {utc, std::string{cut_utf8(fold_space(text_.substr(begin, end - begin)), kMostWords)}});
  }

  std::string_view text_;
  std::optional<UtcTime> received_;
  std::vector<TimeToken> tokens_;
  bool all_utc_ = false;
  std::optional<std::size_t> date_;  ///< the last date before the place
  std::optional<std::size_t> last_clock_;
  const TimeToken* last_date_ = nullptr;
  UtcTime last_utc_{};
  std::vector<NamedTime> found_;
};

}  // namespace

std::vector<NamedTime> times_in(std::string_view text, std::optional<UtcTime> received) {
  return Resolver{cut_utf8(text, kMostText), received}.resolve();
}

}  // namespace trust::intake
