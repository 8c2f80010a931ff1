#include "lib/program/health.h"

#include <gtest/gtest.h>

#include "lib/base/log.h"
#include "lib/outbox/migrations.h"
#include "lib/store/meta_store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/test_store.h"

namespace trust::program {
namespace {

using namespace std::chrono_literals;

TEST(Health, GoesByTheAgeOfTheLastLookThatSucceeded) {
  const UtcTime now = *parse_rfc3339("2026-11-24T12:00:00Z");
  struct Row {
    const char* name;
    std::optional<UtcTime> last;
    std::chrono::milliseconds poll;
    bool healthy;
  };
  const Row rows[] = {
      {"never", {}, 30s, false},
      {"just now", now, 30s, true},
      {"three polls and a minute", now - 150s, 30s, true},
      {"and a millisecond", now - 150s - 1ms, 30s, false},
      {"a short poll", now - 63s, 1s, true},
      {"a short poll, too late", now - 64s, 1s, false},
      {"a long poll", now - 31min, 10min, true},
      {"a long poll, too late", now - 32min, 10min, false},
      {"a clock that was put back", now + 1h, 30s, true},
      {"long ago", UtcTime{}, 30s, false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(is_looked_at(row.last, now, row.poll), row.healthy) << row.name;
    const std::string words = last_look_in_words(row.last, now, row.poll);
    EXPECT_EQ(words.find("NOT LOOKED AT") == std::string::npos, row.healthy) << words;
  }
  EXPECT_EQ(last_look_in_words(now - 41s, now, 30s), "last looked at 41 s ago");
  EXPECT_EQ(last_look_in_words(now - 5min, now, 30s),
            "NOT LOOKED AT since 2026-11-24T11:55:00Z (5 min ago)");
}

TEST(Health, ReadyzJudgesByTheSameRule) {
  set_log_output(LogTo::nowhere);
  const auto outbox = lib_outbox_migrations();
  std::vector<store::Migration> tables{outbox.begin(), outbox.end()};
  tables.push_back({"own", "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);\n"});
  const test::TestStore store{"SQLite", tables};
  auto connection = store.connect();
  const test::FakeClock clock{*parse_rfc3339("2026-11-24T12:00:00Z")};
  const auto routes = health_routes({store.database(), clock, 30s});
  const auto ask = [&](std::string_view path) {
    for (const web::Route& route : routes)
      if (route.path == path) return route.get({});
    return web::plain(404, "");
  };
  const auto looked = [&](UtcTime at) {
    ASSERT_TRUE(store::MetaStore{connection}.put(store::Fact::last_look, at));
  };
  const std::string wrong = "no look at the mailbox or site has succeeded lately\n";
  EXPECT_EQ(ask("/readyz").body, wrong) << "never";
  looked(clock.now() - 150s);
  EXPECT_EQ(ask("/readyz").status, 200);
  EXPECT_NE(ask("/metrics").body.find("\ntrust_ready 1\n"), std::string::npos);
  looked(clock.now() - 151s);
  EXPECT_EQ(ask("/readyz").status, 503);
  EXPECT_EQ(ask("/readyz").body, wrong);
  EXPECT_NE(ask("/metrics").body.find("\ntrust_ready 0\n"), std::string::npos);
  EXPECT_EQ(ask("/healthz").status, 200) << "the process answers all the same";
}

}  // namespace
}  // namespace trust::program
