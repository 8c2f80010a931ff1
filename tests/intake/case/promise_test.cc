#include "intake/case/promise.h"

#include <gtest/gtest.h>

namespace trust::intake {
namespace {

TEST(Promise, StatesItsDerivationDayByDay) {
  const auto calendar = Calendar::from_ics(
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:"
      "20260101T000000Z\r\n"
      "DTSTART;VALUE=DATE:20261126\r\nSUMMARY:Holiday\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
  ASSERT_TRUE(calendar);
  const UtcTime start = *parse_rfc3339("2026-11-24T10:00:00Z");
  const Promise promise =
      new_promise("TM-AAAAAA", "response", start, "internal_date", kResponseDays, *calendar);
  EXPECT_EQ(to_rfc3339(promise.due), "2026-12-01T00:00:00Z");
  EXPECT_EQ(promise.calendar, calendar->version());
  EXPECT_EQ(promise.start, start);
  EXPECT_TRUE(promise.is_open());

  const Derivation derivation = derivation_of(promise);
  EXPECT_EQ(derivation.start_by, "internal_date");
  EXPECT_EQ(derivation.due.due, promise.due);
  std::vector<std::string> counted;
  for (const UtcDay day : derivation.due.counted) counted.push_back(to_iso_day(day));
  EXPECT_EQ(counted, (std::vector<std::string>{"2026-11-25", "2026-11-27", "2026-11-30"}));
  ASSERT_EQ(derivation.due.holidays.size(), 1U);
  EXPECT_EQ(to_iso_day(derivation.due.holidays[0]), "2026-11-26");
}

TEST(Promise, AForeignDerivationGivesTheDueTimeAlone) {
  for (const char* text : {"", "[]", "{\"counted\": 3}", "{\"counted\": [1, \"x\"]}"}) {
    Promise promise;
    promise.due = *parse_rfc3339("2026-12-01T00:00:00Z");
    promise.derivation = text;
    EXPECT_EQ(derivation_of(promise).due.due, promise.due);
    EXPECT_TRUE(derivation_of(promise).due.counted.empty());
  }
}

}  // namespace
}  // namespace trust::intake
