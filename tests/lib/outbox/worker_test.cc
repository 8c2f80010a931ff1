#include <future>
#include <utility>

#include "tests/lib/outbox/worker_fixture.h"

namespace trust::outbox {
namespace {

TEST_P(WorkerTest, SendsEveryRowOnceOverSeveralConnections) {
  for (int i = 0; i < 100; ++i) queue("r" + std::to_string(i) + "@example.org");
  Worker w = worker({.connections = 4});
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(w.wait_until_idle());
  w.stop();
  EXPECT_EQ(relay_.accepted.size(), 100U);
  EXPECT_EQ(std::set<std::string>(relay_.accepted.begin(), relay_.accepted.end()).size(), 100U);
  EXPECT_EQ(count("accepted"), 100);
}

/// Lets the dot leave and only then asks for the mark.
class CarelessLine : public FakeRelay::Line {
 public:
  explicit CarelessLine(FakeRelay& relay) : Line{relay}, relay_{relay} {}
  mail::SendResult send(const mail::Envelope& envelope, std::string_view message,
                        const BeforeDot& before_dot) override {
    if (relay_.at_dot) relay_.at_dot(envelope.to);
    const auto at_dot = std::exchange(relay_.at_dot, nullptr);
    const mail::SendResult result = Line::send(envelope, message, before_dot);
    relay_.at_dot = at_dot;
    return result;
  }

 private:
  FakeRelay& relay_;
};

class DotTest : public WorkerTest {
 protected:
  /// What another session reads when the dot of the only mail leaves.
  template <class Line>
  std::string state_at_the_dot() {
    queue("ann@example.org");
    store::Connection eye = store_.connect();
    std::string seen;
    relay_.at_dot = [&](const std::string&) {
      seen = (*eye.query_one(store::Sql{"see", "SELECT state FROM outbox", "t"}))[0].text();
    };
    Worker w{{},   store_.database(), [this] { return std::make_unique<Line>(relay_); }, {}, clock_,
             stop_};
    EXPECT_TRUE(w.start());
    EXPECT_TRUE(w.wait_until_idle());
    w.stop();
    EXPECT_EQ(count("accepted"), 1);
    return seen;
  }
};

TEST_P(DotTest, SendingIsInTheStoreBeforeTheDotLeaves) {
  EXPECT_EQ(state_at_the_dot<FakeRelay::Line>(), "sending");
}

TEST_P(DotTest, PositiveControlADotThatLeavesWithoutTheMarkIsSeen) {
  EXPECT_EQ(state_at_the_dot<CarelessLine>(), "claimed");
}

TEST_P(WorkerTest, EachVerdictHasItsState) {
  relay_.verdicts["later@x.org"] = {.outcome = mail::Outcome::deferred, .code = 450};
  relay_.verdicts["never@x.org"] = {
      .outcome = mail::Outcome::failed, .code = 550, .status = "5.1.1"};
  relay_.verdicts["silent@x.org"] = {.outcome = mail::Outcome::uncertain};
  for (const char* to : {"later@x.org", "never@x.org", "silent@x.org", "fine@x.org"}) queue(to);
  Worker w = worker();
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(w.wait_until_idle());
  w.stop();
  for (const char* state : {"deferred", "failed", "uncertain", "accepted"})
    EXPECT_EQ(count(state), 1);
}

TEST_P(WorkerTest, UncertainIsSentOnceMoreAndThenRests) {
  relay_.verdicts["silent@x.org"] = {.outcome = mail::Outcome::uncertain};
  queue("silent@x.org");
  int dots = 0;
  relay_.at_dot = [&](const std::string&) { ++dots; };
  Worker w = worker({.uncertain_pause = 0ms});
  ASSERT_TRUE(w.start());
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  const store::Sql final_row{
      "final", "SELECT COUNT(*) FROM outbox WHERE state = 'uncertain' AND uncertain_once = 1", "i"};
  while ((*c_.query_one(final_row))[0].integer() == 0 &&
         std::chrono::steady_clock::now() < deadline)
    stop_.wait_for(20ms);
  w.stop();
  EXPECT_EQ(dots, 2);
  EXPECT_EQ(count("uncertain"), 1);
}

TEST_P(WorkerTest, ADeadRelayConsumesNobodysAttempts) {
  relay_.down = true;
  queue("ann@example.org");
  Worker w = worker();
  ASSERT_TRUE(w.start());
  EXPECT_EQ(w.wait_until_idle().error().fault(), Fault::unavailable);
  w.stop();
  EXPECT_EQ(count("queued"), 1);
  const store::Sql attempts{"attempts", "SELECT attempts FROM outbox", "i"};
  EXPECT_EQ((*c_.query_one(attempts))[0].integer(), 0);
  relay_.down = false;
  Worker well = worker();
  ASSERT_TRUE(well.start());
  EXPECT_TRUE(well.wait_until_idle());
  well.stop();
  EXPECT_EQ(count("accepted"), 1);
}

/// Whoever asks first is told a time of an hour ago.
struct BehindAtFirst final : Clock {
  mutable std::atomic<int> asked{0};
  UtcTime now() const override { return SystemClock{}.now() - (asked++ == 0 ? 1h : 0h); }
};

// A mail that the relay gave back while we asked is due later than the time that we asked for.
TEST_P(WorkerTest, OneLookThatFindsNothingDueIsNotBelieved) {
  queue("ann@example.org");
  const BehindAtFirst clock;
  Worker w{{},
           store_.database(),
           [this] { return std::make_unique<FakeRelay::Line>(relay_); },
           {},
           clock,
           stop_};
  auto waiting = std::async(std::launch::async, [&w] { return w.wait_until_idle(); });
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (clock.asked < 2 && std::chrono::steady_clock::now() < deadline) stop_.wait_for(5ms);
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(waiting.get());
  EXPECT_EQ(count("accepted"), 1);
  w.stop();
}

TEST_P(WorkerTest, ARowKilledBetweenDotAndAnswerStandsUncertain) {
  queue("ann@example.org");
  const auto held = *rows_.claim("dead", 1, clock_.now(), clock_.now() + 2min);
  ASSERT_TRUE(*rows_.mark_sending(held[0].id, "dead", clock_.now()));
  Worker w = worker();
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(w.wait_until_idle());
  w.stop();
  EXPECT_EQ(count("uncertain"), 1);
  EXPECT_TRUE(relay_.accepted.empty());
}

TEST_P(WorkerTest, ASecondSenderLeavesTheFirstOnesRowsAndTheNextAloneTakesThem) {
  Worker first = worker();
  ASSERT_TRUE(first.start());
  const store::Sql insert{"insert_held", R"sql(
      INSERT INTO outbox (id, kind, priority, reference, state, owner, lease_until, due_at, expires_at, created_at, changed_at)
      VALUES ('x', 'notice', 5, 'x', 'sending', 'another', $1, 0, $2, 0, 0))sql"};
  ASSERT_TRUE(c_.execute(insert, {clock_.now() + 2min, clock_.now() + 48h}));
  Worker second = worker({.alone = false});
  ASSERT_TRUE(second.start());
  EXPECT_EQ(count("sending"), 1);
  second.stop();
  first.stop();
  Worker next = worker();
  ASSERT_TRUE(next.start());
  EXPECT_EQ(count("uncertain"), 1);
  next.stop();
}

/// Composes "hello", and finds at the last moment that "gone" has left.
class LeavingComposer : public Composer {
 public:
  Result<std::variant<Composed, State>> compose(store::Connection&,
                                                const ClaimedMail& mail) override {
    if (mail.reader == "suppressed") return std::variant<Composed, State>{State::suppressed};
    return std::variant<Composed, State>{Composed{"a@x.org", mail.reader + "@x.org", "hello"}};
  }
  Result<std::optional<State>> still_wanted(store::Connection&, const ClaimedMail& mail,
                                            const Composed&) override {
    if (mail.reader == "gone") return std::optional{State::left};
    return std::optional<State>{};
  }
};

// The end nearly always comes while the keeper is at its first round; sleeping through it costs a
// whole second each time. On a busy machine single ends may take as long for other reasons.
TEST_P(WorkerTest, AnEndThatComesDuringHousekeepingIsNotSleptThrough) {
  int slow = 0;
  for (int i = 0; i < 20; ++i) {
    Worker w = worker();
    ASSERT_TRUE(w.start());
    const auto began = std::chrono::steady_clock::now();
    w.stop();
    if (std::chrono::steady_clock::now() - began > 950ms) ++slow;  // its next round was 1 s away
  }
  EXPECT_LT(slow, 15);
}

TEST_P(WorkerTest, WhoLeftBeforeTheDotGetsNothing) {
  const store::Sql insert{"insert_row", R"sql(
      INSERT INTO outbox (id, kind, priority, reference, batch, reader, state, due_at, expires_at, created_at, changed_at)
      VALUES ($1, 'announcement', 5, $2, 'b', $3, 'queued', 0, $4, 0, 0))sql"};
  for (const char* reader : {"stays", "gone", "suppressed"})
    ASSERT_TRUE(c_.execute(insert, {reader, reader, reader, clock_.now() + 48h}));
  Worker w = worker({}, [] { return std::make_unique<LeavingComposer>(); });
  ASSERT_TRUE(w.start());
  ASSERT_TRUE(w.wait_until_idle());
  w.stop();
  EXPECT_EQ(relay_.accepted, std::multiset<std::string>{"stays@x.org"});
  EXPECT_EQ(count("left"), 1);
  EXPECT_EQ(count("suppressed"), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, DotTest, test::kBothStores, test::store_name);
INSTANTIATE_TEST_SUITE_P(Stores, WorkerTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::outbox
