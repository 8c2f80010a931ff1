#include "lib/base/time.h"

#include <gtest/gtest.h>

namespace trust {
namespace {

using namespace std::chrono_literals;

struct Reading {
  std::string_view text;
  std::int64_t epoch_ms;
};

TEST(Time, ReadsRfc3339WithZoneAndFraction) {
  // Right-hand sides computed with `date -u -d TEXT +%s%3N`.
  const Reading rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-11-24T10:00:00Z", 1795514400000},
      {"2026-11-24t10:00:00z", 1795514400000},
      {"2026-11-24 10:00:00Z", 1795514400000},
      {"2026-11-24T12:00:00+02:00", 1795514400000},
      {"2026-11-24T04:30:00-05:30", 1795514400000},
      {"2026-11-24T10:00:00.25Z", 1795514400250},
      {"2026-11-24T10:00:00.123456Z", 1795514400123},
      {"2024-02-29T23:59:59Z", 1709251199000},
      {"2038-01-19T03:14:08Z", 2147483648000},
  };
  for (const Reading& row : rows) {
    const Result<UtcTime> read = parse_rfc3339(row.text);
    ASSERT_TRUE(read) << row.text;
    EXPECT_EQ(to_epoch_ms(*read), row.epoch_ms) << row.text;
  }
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "2026-11-24", "2026-11-24T10:00:00", "2026-11-24T10:00Z", "2026-02-30T10:00:00Z",
        "2025-02-29T10:00:00Z", "2026-13-01T10:00:00Z", "2026-11-24T24:00:00Z",
        "2026-11-24T10:60:00Z", "2026-11-24T10:00:00.Z", "2026-11-24T10:00:00+0200",
        "2026-11-24T10:00:00+25:00", "2026-11-24T10:00:00Zx", " 2026-11-24T10:00:00Z",
        "2026-11-24T1\xEF\xBC\x90:00:00Z"}) {
    const Result<UtcTime> read = parse_rfc3339(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().fault(), Fault::invalid) << text;
  }
}

TEST(Time, WritesWhatPeopleAndProtocolsRead) {
  const UtcTime t = *parse_rfc3339("2026-11-05T07:08:09.999Z");
  EXPECT_EQ(to_rfc3339(t), "2026-11-05T07:08:09Z");
  EXPECT_EQ(to_rfc5322(t), "Thu, 5 Nov 2026 07:08:09 +0000");
  EXPECT_EQ(to_words(*parse_iso_day("2026-11-25")), "Wed 25 Nov 2026");
  EXPECT_EQ(to_iso_day(*parse_iso_day("0999-01-02")), "0999-01-02");
}

TEST(Time, BeforeTheEpochFloorsToTheSecond) {
  EXPECT_EQ(to_rfc3339(from_epoch_ms(-1)), "1969-12-31T23:59:59Z");
}

TEST(Time, ADurationHasAUnit) {
  EXPECT_EQ(*parse_duration("30s"), 30s);
  EXPECT_EQ(*parse_duration("10m"), 10min);
  EXPECT_EQ(*parse_duration("8h"), 8h);
  EXPECT_EQ(*parse_duration("3d"), 72h);
  for (const std::string_view text :
       {"", "30", "s", "-1s", "1.5h", "30 s", "30sec", "99999999999s"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace trust
