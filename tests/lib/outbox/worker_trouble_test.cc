// A worker on bad days: a relay that is away, mails that break connections, the end.
#include <future>

#include "tests/lib/outbox/worker_fixture.h"

namespace trust::outbox {
namespace {

using std::chrono::steady_clock;

class TroubleTest : public WorkerTest {};

TEST_P(TroubleTest, NewMailDoesNotEndThePauseAfterTheRelaysTrouble) {
  relay_.down = true;
  queue("ann@example.org");
  Worker w = worker({.connections = 4});
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(wait_for([&] { return relay_.tries > 0; }));
  const int first = relay_.tries;  // those that were on their way find the same trouble
  EXPECT_LE(first, 4);
  const auto began = steady_clock::now();
  ASSERT_TRUE(wait_for([&] {
    w.wake();
    return relay_.tries >= 3 + first;
  }));
  // 1 s, 2 s and 4 s, a fifth less at the most.
  EXPECT_GE(steady_clock::now() - began, 5s);
  relay_.down = false;
  EXPECT_TRUE(wait_for([&] { return count("accepted") == 1; }));
  w.stop();
}

TEST_P(TroubleTest, AMailThatAlwaysBreaksTheConnectionDoesNotKeepTheOthers) {
  relay_.verdicts["poison@x.org"] = {.outcome = mail::Outcome::relay, .under_way = true};
  queue("poison@x.org", Kind::sign_in);
  for (int i = 0; i < 20; ++i) queue("r" + std::to_string(i) + "@example.org");
  Worker w = worker({.connections = 2});
  ASSERT_TRUE(w.start());
  EXPECT_TRUE(wait_for([&] { return count("accepted") == 20; }));
  w.stop();
  EXPECT_EQ(count("queued"), 1);
  const store::Sql attempts{"attempts", "SELECT MAX(attempts) FROM outbox WHERE kind = 'sign_in'",
                            "i"};
  EXPECT_EQ((*c_.query_one(attempts))[0].integer(), 0);
}

TEST_P(TroubleTest, AnUrgentMailLeavesNextThoughManyWait) {
  for (int i = 0; i < 60; ++i) queue("r" + std::to_string(i) + "@example.org", Kind::announcement);
  std::vector<std::string> order;
  store::Connection other = store_.connect();
  relay_.at_dot = [&](const std::string& to) {
    order.push_back(to);
    const UtcTime now = clock_.now();
    if (order.size() == 5) {
      EXPECT_TRUE(*OutboxStore{other}.add(
          {Kind::acknowledgment, "k", "a@example.org", "ack@x.org", "mail", "id", now, now + 48h},
          now));
    }
  };
  Worker w = worker();
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(w.wait_until_idle());
  w.stop();
  ASSERT_EQ(order.size(), 61U);
  EXPECT_EQ(order[5], "ack@x.org");
}

/// A relay on whose lines a mail waits, before or after its end, until it is interrupted or told.
struct SlowRelay {
  enum class Waits { before_dot, for_answer };
  explicit SlowRelay(Waits w) : waits{w} {}
  const Waits waits;
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0, dots = 0;
  bool answers = false;

  class Line : public mail::Transport {
   public:
    explicit Line(SlowRelay& relay) : relay_{relay} {}
    mail::SendResult send(const mail::Envelope&, std::string_view,
                          const BeforeDot& before_dot) override {
      if (relay_.waits == Waits::before_dot && !wait()) return {.under_way = true};
      if (!before_dot()) return {.outcome = mail::Outcome::held_back};
      {
        const std::scoped_lock lock{relay_.mutex};
        ++relay_.dots;
      }
      if (relay_.waits == Waits::for_answer && !wait())
        return {.outcome = mail::Outcome::uncertain};
      return {.outcome = mail::Outcome::accepted, .code = 250};
    }
    void close() override {}
    void interrupt() override {
      const std::scoped_lock lock{relay_.mutex};
      interrupted_ = true;
      relay_.changed.notify_all();
    }

   private:
    bool wait() {
      std::unique_lock lock{relay_.mutex};
      ++relay_.waiting;
      relay_.changed.wait(lock, [&] { return interrupted_ || relay_.answers; });
      return !interrupted_;
    }
    SlowRelay& relay_;
    bool interrupted_ = false;
  };
};

class StopTest : public WorkerTest {
 protected:
  Worker worker_of(SlowRelay& relay, WorkerSettings settings, int mails = 10) {
    for (int i = 0; i < mails; ++i) queue("r" + std::to_string(i) + "@example.org");
    return {settings,
            store_.database(),
            [&relay] { return std::make_unique<SlowRelay::Line>(relay); },
            {},
            clock_,
            end_};
  }
  /// Two lines wait, each with a mail in hand.
  bool both_wait(Worker& worker, SlowRelay& relay) {
    return worker.start() && wait_for([&] {
             const std::scoped_lock lock{relay.mutex};
             return relay.waiting == 2;
           });
  }
  StopSignal end_;
};

TEST_P(StopTest, WhatHasNotLeftIsGivenBackAtOnce) {
  SlowRelay relay{SlowRelay::Waits::before_dot};
  Worker w = worker_of(relay, {.connections = 2, .claim_rows = 3, .stop_wait = 1h});
  ASSERT_TRUE(both_wait(w, relay));
  end_.request();
  w.stop();
  EXPECT_EQ(relay.dots, 0);
  EXPECT_EQ(count("queued"), 10);
}

TEST_P(StopTest, AnswersWithinStopWaitAreRecordedAndNothingElseLeaves) {
  SlowRelay relay{SlowRelay::Waits::for_answer};
  Worker w = worker_of(relay, {.connections = 2, .claim_rows = 3, .stop_wait = 1h});
  ASSERT_TRUE(both_wait(w, relay));
  end_.request();
  auto stopping = std::async(std::launch::async, [&] { w.stop(); });
  {
    const std::scoped_lock lock{relay.mutex};
    relay.answers = true;
    relay.changed.notify_all();
  }
  stopping.get();
  EXPECT_EQ(relay.dots, 2);
  EXPECT_EQ(count("accepted"), 2);
  EXPECT_EQ(count("queued"), 8);
}

TEST_P(StopTest, AnswersThatDoNotComeWithinStopWaitAreUncertain) {
  SlowRelay relay{SlowRelay::Waits::for_answer};
  Worker w = worker_of(relay, {.connections = 2, .claim_rows = 3, .stop_wait = 50ms});
  ASSERT_TRUE(both_wait(w, relay));
  end_.request();
  w.stop();
  EXPECT_EQ(relay.dots, 2);
  EXPECT_EQ(count("uncertain"), 2);
  EXPECT_EQ(count("queued"), 8);
}

// A mail takes longer than the lease, and another worker keeps house meanwhile.
TEST_P(StopTest, ALivingWorkersLeasesAreExtended) {
  SlowRelay relay{SlowRelay::Waits::for_answer};
  Worker w = worker_of(relay, {.connections = 2, .lease = 4s, .claim_rows = 1, .stop_wait = 50ms},
                       /*mails=*/2);
  ASSERT_TRUE(both_wait(w, relay));
  const store::Sql least{"least", "SELECT MIN(lease_until) FROM outbox WHERE state = 'sending'",
                         "i"};
  const auto lease = [&] { return (*c_.query_one(least))[0].integer(); };
  const std::int64_t first = lease();
  EXPECT_TRUE(wait_for([&] { return lease() > first + 1000; }));
  EXPECT_EQ(count("sending"), 2);
  w.stop();
}

INSTANTIATE_TEST_SUITE_P(Stores, TroubleTest, test::kBothStores, test::store_name);
INSTANTIATE_TEST_SUITE_P(Stores, StopTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::outbox
