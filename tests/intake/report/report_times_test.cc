#include "intake/report/report_times.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/fakes/cpu_time.h"

namespace trust::intake {
namespace {

const UtcTime kReceived = *parse_rfc3339("2026-11-24T16:00:00Z");

struct Case {
  const char* name;
  const char* text;
  std::vector<std::string> utc;
  std::vector<std::string> words = {};
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class TimesTest : public testing::TestWithParam<Case> {};

TEST_P(TimesTest, ReadsWhatIsCertainAndNothingElse) {
  std::vector<std::string> utc, words;
  for (const NamedTime& time : times_in(GetParam().text, kReceived)) {
    utc.push_back(to_rfc3339(time.utc));
    words.push_back(time.words);
  }
  EXPECT_EQ(utc, GetParam().utc);
  if (!GetParam().words.empty()) {
    EXPECT_EQ(words, GetParam().words);
  }
}

const Case kCases[] = {
    {"Rfc3339",
     "down at 2026-11-24T14:05:30Z.",
     {"2026-11-24T14:05:30Z"},
     {"2026-11-24T14:05:30Z"}},
    {"Rfc3339Offset", "2026-11-24T14:05:30+02:00", {"2026-11-24T12:05:30Z"}},
    {"Rfc3339West", "2026-11-24T14:05:30-05:00", {"2026-11-24T19:05:30Z"}},
    {"Rfc3339WestNoSeconds", "2026-11-24T14:05-05:00", {"2026-11-24T19:05:00Z"}},
    {"Fraction", "2026-11-24T14:05:30.123456Z", {"2026-11-24T14:05:30Z"}},
    {"IsoUtc",
     "It broke 2026-11-24 14:05 UTC for us",
     {"2026-11-24T14:05:00Z"},
     {"2026-11-24 14:05 UTC"}},
    {"IsoInBrackets", "2026-11-24 14:05:00 (UTC)", {"2026-11-24T14:05:00Z"}},
    {"Slashes", "2026/11/24 14:05 GMT", {"2026-11-24T14:05:00Z"}},
    {"Rfc5322", "Tue, 24 Nov 2026 14:05:00 +0100", {"2026-11-24T13:05:00Z"}},
    {"Log", "[24/Nov/2026:14:05:00 +0000] GET", {"2026-11-24T14:05:00Z"}},
    {"DayMonth",
     "on 24 November 2026 at 14:05 UTC",
     {"2026-11-24T14:05:00Z"},
     {"24 November 2026 at 14:05 UTC"}},
    {"MonthDay", "Nov 24th, 2026, 2:05 pm UTC", {"2026-11-24T14:05:00Z"}},
    {"OrdinalOf", "the 24th of November 2026, 14:05 UTC", {"2026-11-24T14:05:00Z"}},
    {"Dots", "24.11.2026 14:05 UTC", {"2026-11-24T14:05:00Z"}},
    {"Noon",
     "2026-11-24 12:00 pm UTC, 2026-11-24 12:30 am UTC",
     {"2026-11-24T12:00:00Z", "2026-11-24T00:30:00Z"}},
    {"HourOnly", "24 Nov 2026, 2pm UTC", {"2026-11-24T14:00:00Z"}},
    {"NoColon", "24 Nov 2026 1405 UTC", {"2026-11-24T14:05:00Z"}},
    {"Glued",
     "2026-11-24 14:05UTC and 2026-11-24 14:06Z",
     {"2026-11-24T14:05:00Z", "2026-11-24T14:06:00Z"}},
    {"UtcOffset", "2026-11-24 14:05 UTC+2", {"2026-11-24T12:05:00Z"}},
    {"GmtOffset", "2026-11-24 14:05 (GMT-03:30)", {"2026-11-24T17:35:00Z"}},
    {"DateBehind",
     "at 14:05 UTC on 24 Nov 2026",
     {"2026-11-24T14:05:00Z"},
     {"14:05 UTC on 24 Nov 2026"}},
    {"DateBehindComma", "14:05 UTC, 2026-11-24", {"2026-11-24T14:05:00Z"}},
    {"Two",
     "24 Nov 2026 14:05 UTC, 25 Nov 2026 09:00 UTC",
     {"2026-11-24T14:05:00Z", "2026-11-25T09:00:00Z"}},
    {"TwoBehind",
     "14:05 UTC on 23 Nov 2026, 09:00 UTC on 24 Nov 2026",
     {"2026-11-23T14:05:00Z", "2026-11-24T09:00:00Z"}},
    {"Range",
     "between 14:05 and 14:20 UTC on 2026-11-24",
     {"2026-11-24T14:05:00Z", "2026-11-24T14:20:00Z"}},
    {"RangeHyphen", "2026-11-24 10:00-12:00 UTC", {"2026-11-24T10:00:00Z", "2026-11-24T12:00:00Z"}},
    {"RangeDash", "2026-11-24 10:00–12:00 UTC", {"2026-11-24T10:00:00Z", "2026-11-24T12:00:00Z"}},
    {"RangeOverMidnight",
     "2026-11-23 from 23:50 to 00:10 UTC",
     {"2026-11-23T23:50:00Z", "2026-11-24T00:10:00Z"}},
    {"RangeOfIso",
     "2026-11-24T10:00:00Z to 2026-11-24T10:30:00Z",
     {"2026-11-24T10:00:00Z", "2026-11-24T10:30:00Z"}},
    {"SameLine",
     "On 2026-11-24 it failed first at 14:05 UTC, then at 14:30 UTC",
     {"2026-11-24T14:05:00Z", "2026-11-24T14:30:00Z"}},
    {"WrappedLine",
     "On 2026-11-24\nat 14:05\nUTC",
     {"2026-11-24T14:05:00Z"},
     {"2026-11-24 at 14:05 UTC"}},
    {"NoYear", "24 Nov 14:05 UTC", {"2026-11-24T14:05:00Z"}},
    {"NoYearLastYear", "30 Dec 14:05 UTC", {"2025-12-30T14:05:00Z"}},
    {"Today", "since 09:12 UTC today", {"2026-11-24T09:12:00Z"}, {"09:12 UTC today"}},
    {"Yesterday", "yesterday 14:00 UTC", {"2026-11-23T14:00:00Z"}},
    {"YesterdayBehind", "at 2:05 pm UTC yesterday", {"2026-11-23T14:05:00Z"}},
    {"ZoneFirst", "Time (UTC): 2026-11-24 14:05", {"2026-11-24T14:05:00Z"}},
    {"AllUtc",
     "All times are in UTC.\n2026-11-24 14:05 first\n2026-11-24 14:30 last",
     {"2026-11-24T14:05:00Z", "2026-11-24T14:30:00Z"}},
    {"Once", "2026-11-24T14:05:00Z 2026-11-24 14:05 UTC", {"2026-11-24T14:05:00Z"}},
    {"LocalAndUtc", "2026-11-24 15:05 CET (14:05 UTC)", {"2026-11-24T14:05:00Z"}},
    // Not certain:
    {"NoZone", "2026-11-24 14:05", {}},
    {"OtherZone", "2026-11-24 14:05 CET", {}},
    {"Est", "2026-11-24 14:05 EST", {}},
    {"NoDate", "at 14:05 UTC", {}},
    {"NoClock", "2026-11-24 UTC", {}},
    {"AmericanOrNot", "03/04/2026 14:05 UTC", {}},
    {"DayBeforeYesterday", "the day before yesterday 14:00 UTC", {}},
    {"ZoneOfAnotherTime", "2026-11-24 13:00 UTC, and again at 14:00", {"2026-11-24T13:00:00Z"}},
    {"OtherParagraph", "2026-11-24 we bought it.\n\nIt failed at 14:05 UTC", {}},
    {"BadDate", "2026-02-30 14:05 UTC", {}},
    {"BadClock", "2026-11-24 25:05 UTC", {}},
    {"Version", "1.2026-11-24 x 14:05:1 12:345 UTC", {}},
    {"Ipv6", "2001:db8::1405 UTC", {}},
    {"Words", "It does not work since this morning", {}},
    {"Empty", "", {}},
};
INSTANTIATE_TEST_SUITE_P(Report, TimesTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Times, RelativeDaysNeedTheTimeOfReceipt) {
  EXPECT_TRUE(times_in("yesterday 14:00 UTC", std::nullopt).empty());
  EXPECT_TRUE(times_in("24 Nov 14:00 UTC", std::nullopt).empty());
  EXPECT_EQ(times_in("2026-11-24 14:00 UTC", std::nullopt).size(), 1U);
}

TEST(Times, BombsTakeLinearTimeAndGiveAtMostFifty) {
  const auto times = [](int count, const std::string& text) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  std::string many;
  for (int i = 0; i < 60 * 24; ++i)
    many += "2026-11-24 " + std::to_string(i / 60) + (i % 60 < 10 ? ":0" : ":") +
            std::to_string(i % 60) + " UTC\n";
  EXPECT_EQ(times_in(many, kReceived).size(), 50U);
  for (const std::string& bomb :
       {times(300'000, "14:05 "), times(300'000, "UTC "), times(100'000, "2026-11-24 "),
        times(200'000, "24 Nov "), times(100'000, "14:05 - "), times(200'000, "times "),
        std::string(1'000'000, '1'), std::string(1'000'000, ' '),
        times(100'000, "today 14:05 to ")}) {
    const test::CpuTime cpu;
    times_in(bomb, kReceived);
    EXPECT_LT(cpu.spent(), std::chrono::milliseconds{500}) << bomb.substr(0, 20);
  }
}

}  // namespace
}  // namespace trust::intake
