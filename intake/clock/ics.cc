#include "intake/clock/ics.h"

#include <optional>
#include <string>

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

using std::chrono::days;

constexpr int kLongestEventDays = 366;
constexpr std::size_t kMostEvents = 10'000;
constexpr std::size_t kDeepest = 10;

/// One content line, unfolded: "NAME;PARAMETER=…:value".
struct ContentLine {
  int number = 0;  ///< of its first line in the file
  std::string name, parameters, value;
};

Error at_line(int number, std::string_view what) {
  return {Fault::invalid, "line " + std::to_string(number) + ": " + std::string{what}};
}

Result<ContentLine> read_line(int number, std::string_view text) {
  bool quoted = false;
  std::size_t colon = 0;
  for (; colon < text.size() && (quoted || text[colon] != ':'); ++colon)
    if (text[colon] == '"') quoted = !quoted;
  if (colon == text.size()) return at_line(number, "not an iCalendar line (NAME:value)");
  const std::string_view left = text.substr(0, colon);
  const std::size_t semicolon = std::min(left.find(';'), left.size());
  return ContentLine{number, to_lower(left.substr(0, semicolon)), to_lower(left.substr(semicolon)),
                     std::string{trim(text.substr(colon + 1))}};
}

Result<std::vector<ContentLine>> unfold(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::pair<int, std::string>> joined;
  int number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    if (!line.empty() && is_blank(line[0]) && !joined.empty())
      joined.back().second += line.substr(1);
    else if (!trim(line).empty())
      joined.emplace_back(number, line);
  }
  std::vector<ContentLine> lines;
  for (const auto& [first, line] : joined) {
    Result<ContentLine> read = read_line(first, line);
    if (!read) return read.error();
    lines.push_back(*std::move(read));
  }
  return lines;
}

std::optional<UtcDay> read_date(std::string_view value) {
  if (value.size() != 8) return std::nullopt;
  const Result<UtcDay> day =
      parse_iso_day(std::string{value.substr(0, 4)} + "-" + std::string{value.substr(4, 2)} + "-" +
                    std::string{value.substr(6)});
  return day ? std::optional{*day} : std::nullopt;
}

/// "P1D", "+P2W"; nothing for hours, for parts, for nonsense.
std::optional<int> read_whole_days(std::string_view value) {
  if (value.starts_with('+')) value.remove_prefix(1);
  if (value.size() < 3 || value[0] != 'P') return std::nullopt;
  const auto count = number_of<int>(value.substr(1, value.size() - 2));
  if (!count || *count < 1 || *count > kLongestEventDays) return std::nullopt;
  if (value.back() == 'D') return count;
  return value.back() == 'W' ? std::optional{*count * 7} : std::nullopt;
}

/// A VEVENT as far as it was read.
struct Draft {
  int line = 0;
  std::optional<UtcDay> first, end;
  std::optional<int> length;
  bool yearly = false;
  bool cancelled = false;
};

/// Takes one property into the event; the error says what is wrong with it.
Status take(Draft& event, const ContentLine& line) {
  const auto date = [&](std::optional<UtcDay>& into) -> Status {
    if (into) return at_line(line.number, line.name + " stands there twice");
    into = read_date(line.value);
    if (!into)
      return at_line(line.number,
                     line.name + " is not a whole day; write it like DTSTART;VALUE=DATE:20261225");
    return ok();
  };
  if (line.name == "dtstart") return date(event.first);
  if (line.name == "dtend") return date(event.end);
  if (line.name == "duration") {
    event.length = read_whole_days(line.value);
    if (!event.length) return at_line(line.number, "duration is not in whole days, like P1D");
  } else if (line.name == "rrule") {
    event.yearly = equals_ignoring_case(line.value, "FREQ=YEARLY");
    if (!event.yearly)
      return at_line(line.number, "only RRULE:FREQ=YEARLY is understood; list the days instead");
  } else if (line.name == "rdate" || line.name == "exdate" || line.name == "recurrence-id") {
    return at_line(line.number, line.name + " is not understood; list the days instead");
  } else if (line.name == "status") {
    event.cancelled = equals_ignoring_case(line.value, "CANCELLED");
  }
  return ok();
}

Result<IcsEvent> finish(const Draft& event) {
  if (!event.first) return at_line(event.line, "the event that begins here has no DTSTART");
  if (event.end && event.length)
    return at_line(event.line, "the event that begins here has both DTEND and DURATION");
  // Some writers let a day end on itself.
  UtcDay end = *event.first + days{event.length.value_or(1)};
  if (event.end && *event.end != *event.first) end = *event.end;
  if (end <= *event.first)
    return at_line(event.line, "the event that begins here ends before it starts");
  if (end - *event.first > days{kLongestEventDays})
    return at_line(event.line, "the event that begins here is longer than a year");
  return IcsEvent{*event.first, end, event.yearly};
}

}  // namespace

Result<std::vector<IcsEvent>> read_ics(std::string_view text) {
  const Result<std::vector<ContentLine>> lines = unfold(text);
  if (!lines) return lines.error();
  if (lines->empty() || lines->front().name != "begin" ||
      !equals_ignoring_case(lines->front().value, "VCALENDAR"))
    return at_line(1, "not an iCalendar file: BEGIN:VCALENDAR is missing");

  std::vector<IcsEvent> events;
  std::vector<std::string> open;  // components we are in, outermost first
  Draft event;
  int last_line = 0;
  for (const ContentLine& line : *lines) {
    last_line = line.number;
    const bool in_event = open.size() == 2 && open[1] == "vevent";
    if (line.name == "begin") {
      if (open.size() == kDeepest) return at_line(line.number, "components are nested too deeply");
      open.push_back(to_lower(line.value));
      if (open.size() == 2 && open[1] == "vevent") event = Draft{.line = line.number};
    } else if (line.name == "end") {
      if (open.empty() || open.back() != to_lower(line.value))
        return at_line(line.number, "END does not fit its BEGIN");
      open.pop_back();
      if (!in_event || event.cancelled) continue;
      const Result<IcsEvent> done = finish(event);
      if (!done) return done.error();
      if (events.size() == kMostEvents) return at_line(line.number, "more than 10,000 events");
      events.push_back(*done);
    } else if (in_event) {
      if (const Status taken = take(event, line); !taken) return taken.error();
    }
  }
  if (!open.empty()) return at_line(last_line, "the file ends before END:VCALENDAR");
  if (events.empty()) return at_line(last_line, "the calendar has no event");
  return events;
}

}  // namespace trust::intake
