#include "intake/clock/calendar.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/base/text.h"

namespace trust::intake {
namespace {

UtcTime at(std::string_view text) { return *parse_rfc3339(text); }
UtcDay day(std::string_view text) { return *parse_iso_day(text); }

std::string calendar_file(const std::string& events) {
  return "BEGIN:VCALENDAR\n" + events + "END:VCALENDAR\n";
}
std::string event(const std::string& lines) {
  return calendar_file("BEGIN:VEVENT\n" + lines + "END:VEVENT\n");
}
Calendar calendar_of(const std::string& days) {
  if (days.empty()) return {};
  std::string events;
  for (const std::string_view one : split(days, ','))
    events += "BEGIN:VEVENT\nDTSTART;VALUE=DATE:" + replace_all(std::string{one}, "-", "") +
              "\nEND:VEVENT\n";
  return *Calendar::from_ics(calendar_file(events));
}

TEST(Calendar, DueTimesAreThoseOfTheGoldenTable) {
  const std::string table = *read_file("tests/golden/business-days.tsv");
  int rows = 0;
  for (const std::string_view line : lines_of(table)) {
    if (line.empty() || line[0] == '#') continue;
    const auto column = split(line, '\t');
    ASSERT_EQ(column.size(), 4U) << line;
    const Calendar calendar = calendar_of(std::string{column[2]});
    const DueTime due = calendar.due(at(column[0]), {std::stoi(std::string{column[1]})});
    EXPECT_EQ(to_rfc3339(due.due), column[3]) << line;
    EXPECT_EQ(due.counted.size(), std::stoul(std::string{column[1]})) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 9);
}

TEST(Calendar, TheDerivationNamesTheDaysCountedAndTheHolidaysLeftOut) {
  const DueTime due = calendar_of("2026-12-25,2027-01-01").due(at("2026-12-23T22:00:00Z"), {3});
  EXPECT_EQ(due.counted, (std::vector{day("2026-12-24"), day("2026-12-28"), day("2026-12-29")}));
  EXPECT_EQ(due.holidays, std::vector{day("2026-12-25")});
  EXPECT_FALSE(due.provisional);
  EXPECT_EQ(counted_in_words(due), "1  Thu 24 Dec 2026\n2  Mon 28 Dec 2026\n3  Tue 29 Dec 2026\n");
}

TEST(Calendar, ReadsDaysSpansDurationsYearlyAndCancelledFoldedOrNotWithEitherLineEnd) {
  const std::string lf = *read_file("tests/golden/holidays.ics");
  for (const std::string& text : {lf, replace_all(lf, "\n", "\r\n"), "\xEF\xBB\xBF" + lf}) {
    const auto calendar = Calendar::from_ics(text);
    ASSERT_TRUE(calendar) << calendar.error().text();
    for (const char* off : {"2026-11-26", "2026-12-24", "2026-12-25", "2027-01-01", "2027-05-03",
                            "2027-05-07", "2026-01-01"})
      EXPECT_FALSE(calendar->is_business_day(day(off))) << off;
    for (const char* on : {"2026-11-27", "2026-12-28", "2027-05-10", "2026-12-01", "2025-01-01"})
      EXPECT_TRUE(calendar->is_business_day(day(on))) << on;
    EXPECT_TRUE(calendar->is_holiday(day("2026-12-26")));
    EXPECT_EQ(calendar->last_known(), day("2027-12-31"));
    EXPECT_EQ(calendar->version(), Calendar::from_ics(lf)->version());
  }
}

TEST(Calendar, PastTheFilesEndEveryMondayToFridayCountsProvisionally) {
  const auto calendar = Calendar::from_ics(*read_file("tests/golden/holidays.ics"));
  const DueTime due = calendar->due(at("2027-12-30T10:00:00Z"), {2});
  EXPECT_EQ(to_rfc3339(due.due), "2028-01-04T00:00:00Z");  // Fri 31 Dec, Mon 3 Jan
  EXPECT_TRUE(due.provisional);
  EXPECT_FALSE(calendar->due(at("2027-12-30T10:00:00Z"), {1}).provisional);
  EXPECT_TRUE(calendar->is_business_day(day("2029-01-01")));
}

TEST(Calendar, AFileOfYearlyEventsHasNoEnd) {
  const auto calendar = Calendar::from_ics(event("DTSTART:20240229\nRRULE:FREQ=YEARLY\n"));
  ASSERT_TRUE(calendar);
  EXPECT_EQ(calendar->last_known(), std::nullopt);
  EXPECT_FALSE(calendar->is_business_day(day("2028-02-29")));
  EXPECT_TRUE(calendar->is_business_day(day("2027-03-01")));
  EXPECT_FALSE(calendar->due(at("2090-02-01T00:00:00Z"), {30}).provisional);
}

TEST(Calendar, TheVersionNamesTheListOfDays) {
  EXPECT_EQ(Calendar{}.version(), "mon-fri");
  EXPECT_EQ(calendar_of("2026-12-25,2027-01-01").version(),
            calendar_of("2027-01-01,2026-12-25").version());
  EXPECT_NE(calendar_of("2026-12-25").version(), calendar_of("2026-12-24").version());
  EXPECT_EQ(calendar_of("2026-12-25").version().size(), 12U);
}

TEST(Calendar, TheSampleFileIsOne) {
  const auto calendar = Calendar::from_ics(*read_file("config/holidays.ics"));
  ASSERT_TRUE(calendar) << calendar.error().text();
  EXPECT_FALSE(calendar->is_business_day(day("2026-12-25")));
  EXPECT_FALSE(calendar->is_business_day(day("2027-01-01")));
  EXPECT_FALSE(calendar->is_business_day(day("2027-03-26")));
  EXPECT_EQ(calendar->last_known(), day("2028-12-31"));
}

struct BadFile {
  const char* name;
  std::string text;
  const char* says;
};

class BadCalendar : public testing::TestWithParam<BadFile> {};

TEST_P(BadCalendar, IsRefusedWithItsLine) {
  const auto calendar = Calendar::from_ics(GetParam().text);
  ASSERT_FALSE(calendar);
  EXPECT_EQ(calendar.error().fault(), Fault::invalid);
  EXPECT_NE(calendar.error().text().find(GetParam().says), std::string::npos)
      << calendar.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadCalendar,
    testing::Values(
        BadFile{"empty", "", "line 1: not an iCalendar file"},
        BadFile{"html", "<html>\n<body>:</body>\n", "line 1: not an iCalendar"},
        BadFile{"other_component", "BEGIN:VCARD\nEND:VCARD\n", "line 1: not an iCalendar file"},
        BadFile{"no_colon", calendar_file("VERSION 2.0\n"), "line 2: not an iCalendar line"},
        BadFile{"no_event", calendar_file("VERSION:2.0\n"), "line 3: the calendar has no event"},
        BadFile{"cut_short", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\n",
                "line 3: the file ends before END:VCALENDAR"},
        BadFile{"crossed", calendar_file("BEGIN:VEVENT\nDTSTART:20261225\nEND:VALARM\n"),
                "line 4: END does not fit"},
        BadFile{"no_start", event("SUMMARY:x\n"), "line 2: the event that begins here has no"},
        BadFile{"a_time_of_day", event("DTSTART:20261225T080000Z\n"), "line 3: dtstart is not a"},
        BadFile{"no_such_day", event("DTSTART:20260230\n"), "line 3: dtstart is not a whole day"},
        BadFile{"twice", event("DTSTART:20261225\nDTSTART:20261226\n"), "line 4: dtstart stands"},
        BadFile{"hours", event("DTSTART:20261225\nDURATION:PT8H\n"), "line 4: duration"},
        BadFile{"no_length", event("DTSTART:20261225\nDURATION:P0D\n"), "line 4: duration"},
        BadFile{"endless", event("DTSTART:20261225\nDURATION:P99999999999D\n"), "line 4: duration"},
        BadFile{"ends_before", event("DTSTART:20261225\nDTEND:20261224\n"), "line 2: the event"},
        BadFile{"too_long", event("DTSTART:20261225\nDTEND:99991231\n"), "longer than a year"},
        BadFile{"two_ends", event("DTSTART:20261225\nDTEND:20261226\nDURATION:P1D\n"), "both"},
        BadFile{"monthly", event("DTSTART:20261225\nRRULE:FREQ=MONTHLY\n"), "line 4: only RRULE"},
        BadFile{"until", event("DTSTART:20261225\nRRULE:FREQ=YEARLY;UNTIL=20281225\n"), "line 4"},
        BadFile{"exception", event("DTSTART:20261225\nEXDATE:20271225\n"), "line 4: exdate"},
        BadFile{"every_day_for_ever",
                event("DTSTART:20260101\nDTEND:20270101\nRRULE:FREQ=YEARLY\n"),
                "more than 100 yearly"},
        BadFile{"folded_line_keeps_its_number", event("SUMMARY:a\n b\n c\nDTSTART:2026\n 1399\n"),
                "line 6: dtstart"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(BadCalendarDepth, NestingIsLimited) {
  std::string text = "BEGIN:VCALENDAR\n";
  for (int i = 0; i < 100'000; ++i) text += "BEGIN:X\n";
  EXPECT_EQ(Calendar::from_ics(text).error().text(), "line 11: components are nested too deeply");
}

TEST(Calendar, CountsBackBusinessDays) {
  const Calendar calendar = calendar_of("2026-11-20");
  EXPECT_EQ(to_rfc3339(calendar.start_of_business_days_before(at("2026-11-24T12:00:00Z"), {3})),
            "2026-11-18T00:00:00Z");  // Mon 23, Thu 19, Wed 18
}

struct Words {
  const char* now;
  const char* due;
  const char* says;
};

TEST(TimeLeft, IsSaidInBusinessDaysAndHours) {
  for (const Words& row : std::initializer_list<Words>{
           {"2026-11-23T20:00:00Z", "2026-11-26T00:00:00Z", "2 business days 4 h left"},
           {"2026-11-24T20:30:00Z", "2026-11-26T00:00:00Z", "1 business day 3 h left"},
           {"2026-11-25T21:00:00Z", "2026-11-26T00:00:00Z", "3 h left"},
           {"2026-11-25T23:59:00Z", "2026-11-26T00:00:00Z", "less than 1 h left"},
           {"2026-11-21T10:00:00Z", "2026-11-26T00:00:00Z", "3 business days left"},
           {"2026-11-26T00:00:00Z", "2026-11-26T00:00:00Z", "late by less than 1 h"},
           {"2026-11-26T05:59:59Z", "2026-11-26T00:00:00Z", "late by 5 h"},
           {"2026-11-27T02:00:00Z", "2026-11-26T00:00:00Z", "late by 1 business day 2 h"},
           {"2026-11-29T10:00:00Z", "2026-11-26T00:00:00Z", "late by 2 business days"}})
    EXPECT_EQ(time_left_in_words(Calendar{}, at(row.now), at(row.due)), row.says) << row.now;
}

TEST(TimeLeft, NamesTheDayThatEndsAtTheDueTime) {
  EXPECT_EQ(end_of_day_in_words(at("2026-11-26T00:00:00Z")), "the end of Wed 25 Nov 2026 (UTC)");
}

}  // namespace
}  // namespace trust::intake
