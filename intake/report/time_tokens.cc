#include "intake/report/time_tokens.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"

namespace trust::intake {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};

/// Letters of two bytes count; dashes and quotation marks do not.
bool is_word(char c) {
  const auto b = static_cast<unsigned char>(c);
  return is_alnum(c) || (b >= 0xC3 && b <= 0xDF);
}

/// Reads forward in the text; every take_ leaves the place unmoved when it fails.
struct Cursor {
  std::string_view text;
  std::size_t at = 0;

  char peek(std::size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }
  bool take(char c) {
    if (peek() != c || at >= text.size()) return false;
    ++at;
    return true;
  }
  bool take_any_of(std::string_view characters) {
    if (at >= text.size() || characters.find(text[at]) == std::string_view::npos) return false;
    ++at;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!starts_with_ignoring_case(text.substr(at), word) || is_word(peek(word.size())))
      return false;
    at += word.size();
    return true;
  }
  /// Between `fewest` and `most` digits, and no digit behind them.
  std::optional<int> take_number(std::size_t fewest, std::size_t most) {
    std::size_t count = 0;
    int value = 0;
    while (count <= most && is_digit(peek(count))) value = value * 10 + (peek(count++) - '0');
    if (count < fewest || count > most) return std::nullopt;
    at += count;
    return value;
  }
  void skip_blanks(std::size_t most = 3) {
    for (std::size_t i = 0; i < most && is_blank(peek()); ++i) ++at;
  }
  /// "Nov", "Nov.", "Sept", "November".
  std::optional<int> take_month() {
    std::size_t length = 0;
    while (length < 10 && is_letter(peek(length))) ++length;
    if (length < 3 || is_word(peek(length))) return std::nullopt;
    const std::string word = to_lower(text.substr(at, length));
    for (std::size_t i = 0; i < kMonths.size(); ++i)
      if (word.size() <= kMonths[i].size() && kMonths[i].starts_with(word) &&
          (word.size() <= 4 || word.size() == kMonths[i].size())) {
        at += length;
        if (peek() == '.') ++at;
        return static_cast<int>(i) + 1;
      }
    return std::nullopt;
  }
  void skip_ordinal() {
    for (const std::string_view suffix : {"st", "nd", "rd", "th"})
      if (take_word(suffix)) return;
  }
};

bool is_day_of(int year, int month, int day) {
  return (year == 0 || (year >= 1970 && year <= 2200)) &&
         year_month_day{std::chrono::year{year == 0 ? 2000 : year},
                        std::chrono::month{static_cast<unsigned>(month)},
                        std::chrono::day{static_cast<unsigned>(day)}}
             .ok();
}

using Reader = std::optional<TimeToken> (*)(Cursor);

std::optional<TimeToken> date_token(Cursor end, int year, int month, int day) {
  if (!is_day_of(year, month, day)) return std::nullopt;
  TimeToken token;
  token.end = end.at;
  token.year = year;
  token.month = month;
  token.day = day;
  return token;
}

/// 2026-11-24, 2026/11/24
std::optional<TimeToken> read_iso_date(Cursor c) {
  const auto year = c.take_number(4, 4);
  const char between = c.peek();
  if (!year || !c.take_any_of("-/")) return std::nullopt;
  const auto month = c.take_number(2, 2);
  if (!month || !c.take(between)) return std::nullopt;
  const auto day = c.take_number(2, 2);
  const bool ends =
      !is_word(c.peek()) || ((c.peek() == 'T' || c.peek() == 't') && is_digit(c.peek(1)));
  if (!day || !ends) return std::nullopt;
  return date_token(c, *year, *month, *day);
}

/// 24.11.2026: with dots the day always comes first.
std::optional<TimeToken> read_dotted_date(Cursor c) {
  const auto day = c.take_number(1, 2);
  if (!day || !c.take('.')) return std::nullopt;
  const auto month = c.take_number(1, 2);
  if (!month || !c.take('.')) return std::nullopt;
  const auto year = c.take_number(4, 4);
  if (!year || is_word(c.peek())) return std::nullopt;
  return date_token(c, *year, *month, *day);
}

/// The year behind a day and month, which may be missing.
int take_year(Cursor& c) {
  Cursor ahead = c;
  ahead.take(',');
  ahead.skip_blanks();
  if (ahead.at == c.at) ahead.take_any_of("-/");
  const auto year = ahead.take_number(4, 4);
  const char next = ahead.peek();
  if (!year || is_letter(next) || (next == ':' && !is_digit(ahead.peek(1)))) return 0;
  if (*year < 1970 || *year > 2200) return 0;  // "1405" of "24 Nov 1405 UTC" is no year
  c = ahead;
  return *year;
}

/// 24 Nov 2026, 24th of November, 24/Nov/2026
std::optional<TimeToken> read_day_month(Cursor c) {
  const auto day = c.take_number(1, 2);
  if (!day) return std::nullopt;
  c.skip_ordinal();
  const std::size_t before = c.at;
  c.skip_blanks();
  if (c.take_word("of")) c.skip_blanks();
  if (c.at == before) c.take_any_of("-/.");
  const auto month = c.take_month();
  if (!month) return std::nullopt;
  const int year = take_year(c);
  return date_token(c, year, *month, *day);
}

/// Nov 24, 2026
std::optional<TimeToken> read_month_day(Cursor c) {
  const auto month = c.take_month();
  if (!month) return std::nullopt;
  c.skip_blanks();
  const auto day = c.take_number(1, 2);
  if (!day || (c.peek() == ':' && is_digit(c.peek(1)))) return std::nullopt;
  c.skip_ordinal();
  if (is_word(c.peek())) return std::nullopt;
  const int year = take_year(c);
  return date_token(c, year, *month, *day);
}

std::optional<TimeToken> read_relative(Cursor c) {
  TimeToken token;
  const std::string_view before =
      trim(c.text.substr(c.at < 12 ? 0 : c.at - 12, std::min<std::size_t>(c.at, 12)));
  if (c.take_word("today"))
    token.relative_days = 0;
  else if (c.take_word("yesterday") && !before.ends_with("before"))
    token.relative_days = -1;
  else
    return std::nullopt;
  token.end = c.at;
  return token;
}

/// 14:05, 14:05:30.5, 2:05 pm, 2pm, 1405 UTC
std::optional<TimeToken> read_clock(Cursor c) {
  TimeToken token;
  token.kind = TimeToken::Kind::clock;
  Cursor compact = c;
  if (const auto value = compact.take_number(4, 4)) {
    Cursor zone = compact;
    zone.skip_blanks(1);
    if (!zone.take_word("UTC") && !zone.take_word("Z") && !zone.take_word("GMT"))
      return std::nullopt;
    if (*value / 100 > 23 || *value % 100 > 59) return std::nullopt;
    token.since_midnight = hours{*value / 100} + minutes{*value % 100};
    token.end = compact.at;
    return token;
  }
  auto hour = c.take_number(1, 2);
  if (!hour) return std::nullopt;
  int minute = 0, second = 0;
  bool has_minutes = false;
  if (c.peek() == ':' && is_digit(c.peek(1))) {
    c.take(':');
    const auto m = c.take_number(2, 2);
    if (!m) return std::nullopt;
    minute = *m;
    has_minutes = true;
    if (c.peek() == ':' && is_digit(c.peek(1))) {
      c.take(':');
      const auto s = c.take_number(2, 2);
      if (!s) return std::nullopt;
      second = std::min(*s, 59);
      token.has_seconds = true;
      if ((c.peek() == '.' || c.peek() == ',') && is_digit(c.peek(1)))
        for (++c.at; is_digit(c.peek());) ++c.at;
    }
  }
  Cursor half = c;
  half.skip_blanks(1);
  bool afternoon = false, named = true;
  if (half.take_word("pm") || half.take_word("p.m"))
    afternoon = true;
  else
    named = half.take_word("am") || half.take_word("a.m");
  if (named) {
    half.take('.');
    if (*hour < 1 || *hour > 12) return std::nullopt;
    hour = *hour % 12 + (afternoon ? 12 : 0);
    c = half;
  }
  if ((!has_minutes && !named) || *hour > 23 || minute > 59) return std::nullopt;
  if (is_word(c.peek()) && c.peek() != 'Z' && c.peek() != 'z' &&
      !starts_with_ignoring_case(c.text.substr(c.at), "utc"))
    return std::nullopt;
  token.since_midnight = hours{*hour} + minutes{minute} + seconds{second};
  token.end = c.at;
  return token;
}

/// "+02:00", "-0500", "+2"
std::optional<minutes> take_offset(Cursor& c) {
  Cursor ahead = c;
  const bool west = ahead.peek() == '-';
  if (!ahead.take_any_of("+-")) return std::nullopt;
  int h = 0, m = 0;
  if (const auto four = Cursor{ahead}.take_number(4, 4)) {
    ahead.at += 4;
    h = *four / 100;
    m = *four % 100;
  } else if (const auto two = ahead.take_number(1, 2)) {
    h = *two;
    if (ahead.peek() == ':' && is_digit(ahead.peek(1))) {
      ahead.take(':');
      const auto rest = ahead.take_number(2, 2);
      if (!rest) return std::nullopt;
      m = *rest;
    }
  } else {
    return std::nullopt;
  }
  if (h > 14 || m > 59 || is_word(ahead.peek())) return std::nullopt;
  c = ahead;
  return (west ? -1 : 1) * (hours{h} + minutes{m});
}

/// UTC, GMT+2, Z; names of other zones are tokens without an offset.
std::optional<TimeToken> read_zone_name(Cursor c) {
  TimeToken token;
  token.kind = TimeToken::Kind::zone;
  const bool utc = c.take_word("UTC") || c.take_word("GMT") || c.take_word("UT") ||
                   (c.peek() == 'Z' && c.take_word("Z"));
  if (utc) {
    token.offset = minutes{0};
    if (const auto offset = take_offset(c)) token.offset = offset;
    token.end = c.at;
    return token;
  }
  constexpr std::string_view kUncertain =
      "CET|CEST|MEZ|MESZ|EET|EEST|WET|WEST|BST|IST|MSK|JST|AEST|AEDT|EST|EDT|ET|CST|CDT|CT|MST|MDT|"
      "PST|PDT|PT|local";
  if (!any_word(kUncertain, [&](std::string_view name) { return c.take_word(name); }))
    return std::nullopt;
  token.end = c.at;
  return token;
}

/// The zone right behind a clock time: a name, or an offset in digits. "10:00-12:00 UTC" is a
/// range.
std::optional<TimeToken> read_zone_after(Cursor c, const TimeToken& clock, bool iso) {
  const bool glued = !is_blank(c.peek());
  c.skip_blanks();
  c.take_any_of("([");
  if (const auto named = read_zone_name(c)) {
    TimeToken token = *named;
    token.begin = c.at;
    return token;
  }
  TimeToken token;
  token.kind = TimeToken::Kind::zone;
  token.begin = c.at;
  const bool minus = c.peek() == '-';
  const bool with_colon = is_digit(c.peek(1)) && is_digit(c.peek(2)) && c.peek(3) == ':';
  const bool four =
      is_digit(c.peek(1)) && is_digit(c.peek(2)) && is_digit(c.peek(3)) && is_digit(c.peek(4));
  if (!with_colon && !four) return std::nullopt;
  if (minus && with_colon && !(glued && (iso || clock.has_seconds))) return std::nullopt;
  token.offset = take_offset(c);
  token.end = c.at;
  Cursor after = c;
  after.skip_blanks();
  if (!token.offset || (minus && read_zone_name(after))) return std::nullopt;
  return token;
}

}  // namespace

std::vector<TimeToken> time_tokens(std::string_view text, std::size_t most) {
  constexpr Reader kDates[] = {read_iso_date, read_dotted_date, read_day_month};
  std::vector<TimeToken> tokens;
  const auto add = [&](std::optional<TimeToken> token, std::size_t begin) {
    if (!token) return false;
    if (token->begin == 0) token->begin = begin;
    tokens.push_back(*token);
    return true;
  };
  for (std::size_t at = 0; at < text.size() && tokens.size() < most;) {
    const Cursor here{text, at};
    const bool after_word = at > 0 && is_word(text[at - 1]);
    const bool after_date = !tokens.empty() && tokens.back().kind == TimeToken::Kind::date &&
                            at == tokens.back().end + 1 &&
                            std::string_view{"Tt:_"}.find(text[at - 1]) != std::string_view::npos;
    if (after_word && !after_date) {
      ++at;
      continue;
    }
    bool found = false;
    if (is_digit(text[at])) {
      for (const Reader read : kDates) found = found || add(read(here), at);
      if (!found && add(read_clock(here), at)) {
        found = true;
        const TimeToken clock = tokens.back();
        add(read_zone_after(Cursor{text, clock.end}, clock, after_date), clock.end);
      }
    } else if (is_letter(text[at])) {
      found = add(read_month_day(here), at) || add(read_relative(here), at) ||
              add(read_zone_name(here), at);
    }
    if (found) {
      at = tokens.back().end;
    } else {
      const bool word = is_word(text[at]);
      ++at;
      while (word && at < text.size() && is_word(text[at])) ++at;
    }
  }
  return tokens;
}

}  // namespace trust::intake
