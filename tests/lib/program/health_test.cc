#include "lib/program/health.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>

#include "lib/base/log.h"
#include "lib/outbox/migrations.h"
#include "lib/outbox/outbox_store.h"
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

std::vector<store::Migration> tables() {
  const auto outbox = lib_outbox_migrations();
  std::vector<store::Migration> all{outbox.begin(), outbox.end()};
  all.push_back({"own", "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);\n"});
  return all;
}

/// A program that looked a moment ago and has no mail to send.
class ReadyTest : public testing::TestWithParam<std::string> {
 protected:
  ReadyTest() {
    set_log_output(LogTo::nowhere);
    looked(clock_.now());
  }
  web::Response ask(std::string_view path) const {
    for (const web::Route& route : routes_)
      if (route.path == path) return route.get({});
    return web::plain(404, "");
  }
  void looked(UtcTime at) { EXPECT_TRUE(store::MetaStore{c_}.put(store::Fact::last_look, at)); }
  void change(const std::string& sql) { EXPECT_TRUE(c_.execute(store::Sql{"change", sql})) << sql; }
  void read_only(bool is) { test::make_read_only(c_, store_.folder() + "/test.db", is); }
  /// /readyz, and that /metrics judges alike.
  void expect(int status, const std::string& body) const {
    const web::Response ready = ask("/readyz");
    EXPECT_EQ(ready.status, status);
    EXPECT_EQ(ready.body, body);
    const std::string judged = fmt::format("\ntrust_ready {}\n", status == 200 ? 1 : 0);
    EXPECT_NE(ask("/metrics").body.find(judged), std::string::npos);
    EXPECT_EQ(ask("/healthz").status, 200) << "the process answers all the same";
  }

  test::TestStore store_{GetParam(), tables()};
  store::Connection c_ = store_.connect();
  test::FakeClock clock_{*parse_rfc3339("2026-11-24T12:00:00Z")};
  std::vector<web::Route> routes_ = health_routes({store_.database(), clock_, "mailbox", 30s});
};
INSTANTIATE_TEST_SUITE_P(Stores, ReadyTest, test::kBothStores, test::store_name);

TEST_P(ReadyTest, JudgesTheMailboxByItsLastLook) {
  change("DELETE FROM meta");
  expect(503,
         "store well: last written 0 s ago\nmailbox NOT WELL: NOT LOOKED AT: never\n"
         "relay well: last answered never\n");
  looked(clock_.now() - 150s);
  expect(200,
         "store well: last written 0 s ago\nmailbox well: last looked at 2 min ago\n"
         "relay well: last answered never\n");
  looked(clock_.now() - 151s);
  expect(503,
         "store well: last written 0 s ago\n"
         "mailbox NOT WELL: NOT LOOKED AT since 2026-11-24T11:57:29Z (2 min ago)\n"
         "relay well: last answered never\n");
  looked(clock_.now());
  EXPECT_EQ(ask("/readyz").status, 200);
}

TEST_P(ReadyTest, JudgesTheRelayByItsLastAnswerWhileMailIsDue) {
  const std::string before =
      "store well: last written 0 s ago\nmailbox well: last looked at 0 s ago\n";
  const UtcTime due = clock_.now() - 11min;
  ASSERT_TRUE(outbox::OutboxStore{c_}.add(
      {outbox::Kind::answer, "1", "a@example.org", "b@example.org", "text", "1@x", due, due + 24h},
      due));
  expect(503, before + "relay NOT WELL: last answered never\n");
  change("UPDATE outbox SET reply_code = 450");
  expect(503, before + "relay NOT WELL: last answered 11 min ago\n");
  change("UPDATE outbox SET state = 'accepted'");
  expect(200, before + "relay well: last answered 11 min ago\n");
}

TEST_P(ReadyTest, AStoreThatCannotBeWrittenIsNotReadyUntilItCan) {
  const std::string well =
      "store well: last written 0 s ago\nmailbox well: last looked at 0 s ago\n"
      "relay well: last answered never\n";
  expect(200, well);
  read_only(true);
  const UtcTime before = std::exchange(clock_.at, clock_.at + 41s);
  expect(503,
         "store NOT WELL: last written 41 s ago\nmailbox well: last looked at 41 s ago\n"
         "relay well: last answered never\n");
  EXPECT_TRUE(ask("/metrics").body.starts_with("# TYPE trust_store_up gauge\ntrust_store_up 0\n"));
  read_only(false);
  clock_.at = before;
  expect(200, well);
}

TEST_P(ReadyTest, AStoreThatCannotBeReadIsNotReadyUntilItCan) {
  change("ALTER TABLE outbox RENAME TO gone");
  EXPECT_TRUE(ask("/readyz").body.starts_with("store NOT WELL: last written never\n"));
  change("ALTER TABLE gone RENAME TO outbox");
  EXPECT_EQ(ask("/readyz").status, 200);
}

// A server has eight threads: were each held up, /healthz would be asked for in vain.
TEST_P(ReadyTest, AStoreThatHangsHoldsUpOneOfEightAndForSeconds) {
  ASSERT_TRUE(store::MetaStore{c_}.put(store::Fact::last_probe, clock_.now()));
  ASSERT_EQ(ask("/readyz").status, 200);
  const Status held = c_.transaction([&](store::Connection& c) {
    EXPECT_TRUE(store::MetaStore{c}.put(store::Fact::last_probe, clock_.now()));
    std::atomic<int> ready = 0, not_ready = 0;
    {
      std::vector<std::jthread> visitors;
      for (int i = 0; i < 8; ++i)
        visitors.emplace_back([&] { ++(ask("/readyz").status == 200 ? ready : not_ready); });
    }
    EXPECT_EQ(ready, 7) << "they are told what is known";
    EXPECT_EQ(not_ready, 1);
    return ok();
  });
  EXPECT_TRUE(held);
  EXPECT_EQ(ask("/readyz").status, 200);
}

}  // namespace
}  // namespace trust::program
