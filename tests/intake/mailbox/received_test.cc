#include <gtest/gtest.h>

#include "intake/mailbox/ledger.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;

struct Arrival {
  const char* name;
  std::optional<std::chrono::minutes> before;
  const char* by;
};

TEST(Received, IsTheInternalDateWhereThatCanBe) {
  const UtcTime seen = *parse_rfc3339("2026-11-24T12:00:00Z");
  for (const Arrival& row : std::initializer_list<Arrival>{
           {"just now", 0min, "internal_date"},
           {"400 days ago", std::chrono::days{400}, "internal_date"},
           {"longer ago", std::chrono::days{400} + 1min, "first_seen_of_old"},
           {"an hour ahead", -60min, "internal_date"},
           {"further ahead", -61min, "first_seen"},
           {"unknown", {}, "first_seen"}}) {
    const std::optional<UtcTime> date =
        row.before ? std::optional{seen - *row.before} : std::nullopt;
    const Received received = received_time(date, seen);
    EXPECT_EQ(received.by, row.by) << row.name;
    EXPECT_EQ(received.at, received.by == "internal_date" ? *date : seen) << row.name;
  }
}

}  // namespace
}  // namespace trust::intake
