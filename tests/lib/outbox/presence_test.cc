// Who is alone, when the server's sessions end under the living.
#include "lib/outbox/presence.h"

#include <future>

#include "tests/lib/outbox/worker_fixture.h"

namespace trust::outbox {
namespace {

class PresenceTest : public WorkerTest {
 protected:
  Presence enter() {
    auto presence = Presence::enter(store_.database(), false);
    EXPECT_TRUE(presence);
    return *std::move(presence);
  }
  bool is_alone() { return enter().is_alone(); }
  /// Ends every session but `c_`, as a restart of the server does; how many.
  std::int64_t end_all_sessions() {
    constexpr store::Sql kEnd{"end_sessions", R"sql(
        SELECT COUNT(CASE WHEN pg_terminate_backend(pid, 20000) THEN 1 END) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid())sql",
                              "i"};
    return (*c_.query_one(kEnd))[0].integer();
  }
  /// In one transaction: whoever lives never sees it queued.
  void hold_a_row() {
    ASSERT_TRUE(c_.transaction([&](store::Connection&) -> Status {
      queue("held@example.org");
      EXPECT_EQ(rows_.claim("dead", 1, clock_.now(), clock_.now() + 2min)->size(), 1U);
      return ok();
    }));
  }
};

TEST(PresenceOnSqlite, TheLockInStateDirSaysIt) {
  const test::TestStore store{"SQLite", lib_outbox_migrations()};
  for (const bool alone : {true, false}) {
    auto presence = Presence::enter(store.database(), alone);
    ASSERT_TRUE(presence);
    EXPECT_EQ(presence->is_alone(), alone);
    EXPECT_TRUE(presence->settle());
    EXPECT_TRUE(presence->keep());
  }
}

TEST_P(PresenceTest, ALockLostWithItsSessionIsTakenAnew) {
  Presence first = enter();
  EXPECT_TRUE(first.is_alone());
  ASSERT_TRUE(first.settle());
  EXPECT_FALSE(is_alone());
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(end_all_sessions(), 1);
    EXPECT_TRUE(is_alone()) << "positive control: nobody has called keep()";
    ASSERT_TRUE(first.keep());
    EXPECT_FALSE(is_alone());
    ASSERT_TRUE(first.keep());
  }
  Presence second = enter();
  ASSERT_TRUE(second.settle());
  { const Presence gone = std::move(first); }
  EXPECT_FALSE(is_alone()) << "the second is there";
}

TEST_P(PresenceTest, TheOneWhoEntersNextWaitsUntilTheFirstHasSettled) {
  hold_a_row();
  Presence first = enter();
  EXPECT_TRUE(first.is_alone()) << "after its pause";
  auto next = std::async(std::launch::async, [&] { return is_alone(); });
  constexpr store::Sql kWaits{
      "who_waits", "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
      "i"};
  EXPECT_TRUE(wait_for([&] { return (*c_.query_one(kWaits))[0].integer() == 1; }));
  ASSERT_TRUE(first.settle());
  EXPECT_FALSE(next.get());
}

// Both start at the moment at which the server is back.
TEST_P(PresenceTest, ALivingWorkersRowsAreNotTakenOverAfterARestartOfTheServer) {
  Worker living = worker();
  ASSERT_TRUE(living.start());
  hold_a_row();
  constexpr store::Sql kOpen{"open_sessions", R"sql(
      SELECT COUNT(*) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid())sql",
                             "i"};
  ASSERT_TRUE(wait_for([&] { return (*c_.query_one(kOpen))[0].integer() == 3; }))
      << "its presence, its keeper, its line";
  ASSERT_EQ(end_all_sessions(), 3);
  Worker newcomer = worker();
  ASSERT_TRUE(newcomer.start());
  EXPECT_EQ(count("claimed"), 1);
  newcomer.stop();
  living.stop();
  Worker next = worker();
  ASSERT_TRUE(next.start());
  EXPECT_EQ(count("claimed"), 0) << "positive control: nobody lives";
  next.stop();
}

INSTANTIATE_TEST_SUITE_P(Stores, PresenceTest, testing::Values("PostgreSQL"), test::store_name);

}  // namespace
}  // namespace trust::outbox
