// A store that went back in time: an older copy, or a replica that was behind. Time is turned back
// here by what such a store shows: lower counters, and mails that wait again.
#include "lib/store/epoch.h"

#include <filesystem>
#include <thread>

#include "lib/store/rows.h"
#include "tests/lib/outbox/worker_fixture.h"

namespace trust::outbox {
namespace {

using store::Epoch;

constexpr store::Sql kTurnBack{"turn_back", "UPDATE epoch SET value = value - 1 WHERE value > 0"};
constexpr store::Sql kEmpty{"empty_epoch", "DELETE FROM epoch"};
constexpr store::Sql kForget{"forget", "UPDATE outbox SET state = 'queued', owner = ''"};
constexpr store::Sql kAnything{"anything", "SELECT CAST(7 AS BIGINT)", "i"};

class EpochTest : public WorkerTest {
 protected:
  const std::string file_ = store_.folder() + "/epoch";
  int told_ = 0;

  std::shared_ptr<Epoch> epoch(const std::string& name = "epoch") {
    auto kept = Epoch::kept_in(store_.folder() + "/" + name, [this] {
      ++told_;
      stop_.request();
    });
    return kept ? *kept : nullptr;
  }
  static Status rise(Epoch& epoch, store::Connection& connection) {
    return epoch.raise(connection, [](store::Connection&) { return ok(); });
  }
  store::Database held_against(const std::shared_ptr<Epoch>& epoch) {
    store::Database database = store_.database();
    database.hold_against(epoch);
    return database;
  }
  Worker worker_that_knows(const std::shared_ptr<Epoch>& epoch) {
    return {{},
            held_against(epoch),
            [this] { return std::make_unique<FakeRelay::Line>(relay_); },
            {},
            clock_,
            stop_};
  }
  std::size_t copies() {
    const std::scoped_lock lock{relay_.mutex};
    return relay_.accepted.size();
  }
};

TEST_P(EpochTest, NoSessionWithAStoreThatWentBackIsOfUse) {
  const auto known = epoch();
  store::Connection session = *held_against(known).connect();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(rise(*known, session));
  EXPECT_TRUE(held_against(known).connect()->query(kAnything));

  ASSERT_TRUE(c_.execute(kTurnBack));
  store::Connection refused = *held_against(known).connect();
  for (int again = 0; again < 2; ++again) {
    const auto row = refused.query(kAnything);
    ASSERT_FALSE(row);
    EXPECT_EQ(row.error().fault(), Fault::conflict);
    EXPECT_NE(row.error().text().find("(epoch 1, seen 2)"), std::string::npos)
        << row.error().text();
    EXPECT_NE(row.error().text().find("remove " + file_), std::string::npos);
  }
  EXPECT_FALSE(refused.transaction([](store::Connection&) { return ok(); }));
  EXPECT_EQ(told_, 1);
  EXPECT_TRUE(known->went_back());
  // The next start knows, too, and the way out works.
  EXPECT_FALSE(epoch()->admit(c_));
  std::filesystem::remove(file_);
  EXPECT_TRUE(epoch()->admit(c_));
}

TEST_P(EpochTest, AStoreWithoutCountersWentBackOnlyWhereSomeWereSeen) {
  EXPECT_TRUE(epoch()->admit(c_));
  ASSERT_TRUE(rise(*epoch(), c_));
  EXPECT_TRUE(epoch()->admit(c_));
  ASSERT_TRUE(c_.execute(kEmpty));
  EXPECT_FALSE(epoch()->admit(c_));
}

TEST_P(EpochTest, NothingIsDoneInAStoreThatIsFoundBehindWhileItIsDone) {
  const auto known = epoch();
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(rise(*known, c_));
  ASSERT_TRUE(c_.execute(kEmpty));
  queue("ann@example.org");
  const Status done = known->raise(c_, [](store::Connection& c) { return c.execute(kForget); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().fault(), Fault::conflict);
  EXPECT_EQ(told_, 1);
  EXPECT_FALSE(epoch()->admit(c_)) << "it did not catch up by trying";
}

TEST_P(EpochTest, WorkThatFailsRaisesNothing) {
  const auto known = epoch();
  const Status failed = known->raise(c_, [](store::Connection&) {
    return Status{Error{Fault::conflict, "no"}};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text(), "no");
  EXPECT_FALSE(*store::any(c_.query(store::Sql{"raised", "SELECT counter FROM epoch", "i"})));
}

TEST_P(EpochTest, ACrashBetweenTheCommitAndTheFileIsNoStepBack) {
  ASSERT_TRUE(rise(*epoch(), c_));
  const auto died = *read_file(file_);
  ASSERT_TRUE(rise(*epoch(), c_));
  ASSERT_TRUE(rise(*epoch("other-machine"), c_));
  ASSERT_TRUE(write_file_durably(file_, died));
  EXPECT_TRUE(epoch()->admit(c_));
  // What others did is known from then on.
  ASSERT_TRUE(c_.execute(kTurnBack));
  EXPECT_FALSE(epoch()->admit(c_));
}

TEST_P(EpochTest, AFileThatWasMadeAndNotWrittenIsNone) {
  ASSERT_TRUE(write_file_durably(file_, ""));
  ASSERT_TRUE(rise(*epoch(), c_));
  EXPECT_TRUE(epoch()->admit(c_));
}

TEST_P(EpochTest, AFileOfSomebodyElseIsRefused) {
  for (const char* text : {"ten", "12"}) {
    ASSERT_TRUE(write_file_durably(file_, text));
    const auto kept = Epoch::kept_in(file_, {});
    ASSERT_FALSE(kept) << text;
    EXPECT_EQ(kept.error().fault(), Fault::invalid);
  }
  EXPECT_FALSE(Epoch::kept_in(store_.folder(), {}));
}

TEST_P(EpochTest, ManyHandsAreNotTakenForAStepBack) {
  std::vector<std::thread> hands;
  std::atomic<int> failed = 0;
  for (int machine = 0; machine < 3; ++machine) {
    const auto known = epoch("epoch-" + std::to_string(machine));
    for (int line = 0; line < 2; ++line)
      hands.emplace_back([this, known, &failed] {
        store::Connection session = *held_against(known).connect();
        for (int i = 0; i < 40; ++i) {
          if (!rise(*known, session)) ++failed;
          if (!held_against(known).connect()->query(kAnything)) ++failed;
        }
      });
  }
  for (std::thread& hand : hands) hand.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(told_, 0);
}

TEST_P(EpochTest, AWorkerSendsNothingFromAnOlderCopyUntilSomebodyHasLooked) {
  for (int i = 0; i < 5; ++i) queue("r" + std::to_string(i) + "@example.org");
  {
    Worker w = worker_that_knows(epoch());
    ASSERT_TRUE(w.start());
    ASSERT_TRUE(w.wait_until_idle());
  }
  ASSERT_EQ(copies(), 5U);
  {
    Worker again = worker_that_knows(epoch());
    EXPECT_TRUE(again.start()) << "an ordinary start";
  }
  ASSERT_TRUE(c_.execute(kForget));
  ASSERT_TRUE(c_.execute(kTurnBack));
  {
    Worker refused = worker_that_knows(epoch());
    const Status started = refused.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().fault(), Fault::conflict);
  }
  EXPECT_EQ(copies(), 5U);
  // Control: without what was seen they leave a second time.
  std::filesystem::remove(file_);
  StopSignal go_on;
  Worker w{{},
           held_against(*Epoch::kept_in(file_, {})),
           [this] { return std::make_unique<FakeRelay::Line>(relay_); },
           {},
           clock_,
           go_on};
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(w.wait_until_idle());
  EXPECT_EQ(copies(), 10U);
}

TEST_P(EpochTest, TheEndOfAMailLeavesOnlyOnceItsMarkIsRemembered) {
  queue("ann@example.org");
  std::string before, at_dot;
  relay_.at_dot = [&](const std::string&) { at_dot = *read_file(file_); };
  Worker w = worker_that_knows(epoch());
  before = *read_file(file_);
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(w.wait_until_idle());
  w.stop();
  EXPECT_NE(at_dot, before);
  EXPECT_NE(*read_file(file_), at_dot) << "and so is its answer";
  // A replica that was behind by the answer alone, or by the mark as well.
  ASSERT_TRUE(c_.execute(store::Sql{"back", "DELETE FROM epoch WHERE counter = 1"}));
  EXPECT_FALSE(epoch()->admit(c_));
}

TEST_P(EpochTest, AWorkerAtWorkStopsWithinSeconds) {
  for (int i = 0; i < 5; ++i) queue("r" + std::to_string(i) + "@example.org");
  Worker w = worker_that_knows(epoch());
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(wait_for([&] { return count("accepted") == 5; }));
  ASSERT_TRUE(c_.transaction([](store::Connection& c) { return c.execute(kTurnBack); }));
  EXPECT_TRUE(wait_for([&] { return stop_.requested(); }));
  EXPECT_EQ(told_, 1);
  w.stop();
  EXPECT_EQ(copies(), 5U);
}

INSTANTIATE_TEST_SUITE_P(Stores, EpochTest, test::kBothStores, test::store_name);

TEST(Epoch, ASessionThatTookThePlaceOfALostOneIsHeldAgainstIt) {
  const test::TestStore store{"PostgreSQL", lib_outbox_migrations()};
  const auto known = std::make_shared<Epoch>();
  store::Database database = store.database();
  database.hold_against(known);
  store::Connection session = *database.connect();
  ASSERT_TRUE(known->raise(session, [](store::Connection&) { return ok(); }));
  const auto lose = [&] {
    constexpr store::Sql kPid{"pid", "SELECT CAST(pg_backend_pid() AS BIGINT)", "i"};
    constexpr store::Sql kEnd{
        "end_session", "SELECT CAST(pg_terminate_backend(CAST($1 AS INT)) AS INT)::BIGINT", "i"};
    ASSERT_TRUE(store.connect().query(kEnd, {(*session.query_one(kPid))[0].integer()}));
    EXPECT_EQ(session.query(kAnything).error().fault(), Fault::unavailable);
  };
  lose();
  EXPECT_TRUE(session.query(kAnything));
  lose();
  ASSERT_TRUE(store.connect().execute(kTurnBack));
  for (int again = 0; again < 2; ++again)
    EXPECT_EQ(session.query(kAnything).error().fault(), Fault::conflict);
}

}  // namespace
}  // namespace trust::outbox
