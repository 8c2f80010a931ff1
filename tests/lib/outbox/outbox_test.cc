#include "lib/outbox/outbox_store.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>

#include "lib/base/signals.h"
#include "lib/outbox/migrations.h"
#include "lib/outbox/retry.h"
#include "tests/fakes/test_store.h"

namespace trust::outbox {
namespace {

using namespace std::chrono_literals;

const UtcTime kNow = *parse_rfc3339("2026-11-24T10:00:00Z");

NewMail mail(Kind kind, const std::string& reference) {
  return {kind,   reference, "security@example.org",  "ann@example.net", "text",
          "id@x", kNow,      kNow + lifetime_of(kind)};
}

class OutboxStoreTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), lib_outbox_migrations()};
  store::Connection c_ = store_.connect();
  OutboxStore rows_{c_};

  std::vector<ClaimedMail> claim(const std::string& owner, int limit = 10) {
    return *rows_.claim(owner, limit, kNow, kNow + 2min);
  }
  int count(const std::string& state) { return (*rows_.count_by_state(""))[state]; }
};

TEST_P(OutboxStoreTest, OneMailPerKindAndReferenceWhateverIsRepeated) {
  EXPECT_TRUE(*rows_.add(mail(Kind::acknowledgment, "TM-1"), kNow));
  EXPECT_FALSE(*rows_.add(mail(Kind::acknowledgment, "TM-1"), kNow));
  EXPECT_TRUE(*rows_.add(mail(Kind::notice, "TM-1"), kNow));
  EXPECT_EQ(count("queued"), 2);
}

TEST_P(OutboxStoreTest, AnswersLeaveBeforeAcknowledgmentsAndNotices) {
  ASSERT_TRUE(rows_.add(mail(Kind::notice, "n"), kNow));
  ASSERT_TRUE(rows_.add(mail(Kind::acknowledgment, "k"), kNow));
  ASSERT_TRUE(rows_.add(mail(Kind::answer, "a"), kNow));
  const auto mails = claim("w");
  ASSERT_EQ(mails.size(), 3U);
  EXPECT_EQ(mails[0].kind, Kind::answer);
  EXPECT_EQ(mails[1].kind, Kind::acknowledgment);
  EXPECT_EQ(mails[2].message, "text");
}

TEST_P(OutboxStoreTest, AClaimedRowIsHandedOutOnce) {
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(rows_.add(mail(Kind::notice, std::to_string(i)), kNow));
  EXPECT_EQ(claim("a", 20).size(), 20U);
  EXPECT_EQ(claim("b", 20).size(), 10U);
  EXPECT_TRUE(claim("c", 20).empty());
}

TEST_P(OutboxStoreTest, OnlyTheOwnerMarksAndRecords) {
  ASSERT_TRUE(rows_.add(mail(Kind::notice, "n"), kNow));
  const std::string id = claim("a")[0].id;
  EXPECT_FALSE(*rows_.mark_sending(id, "b", kNow));
  EXPECT_TRUE(*rows_.mark_sending(id, "a", kNow));
  EXPECT_FALSE(*rows_.mark_sending(id, "a", kNow));
  EXPECT_FALSE(*rows_.record(id, "b", {.state = State::accepted}, kNow));
  EXPECT_TRUE(*rows_.record(id, "a", {.state = State::accepted, .attempts_made = 1}, kNow));
  EXPECT_FALSE(*rows_.record(id, "a", {.state = State::failed}, kNow));
  EXPECT_EQ(count("accepted"), 1);
}

TEST_P(OutboxStoreTest, ADeadWorkersRowsAreQueuedOrUncertain) {
  ASSERT_TRUE(rows_.add(mail(Kind::notice, "claimed"), kNow));
  ASSERT_TRUE(rows_.add(mail(Kind::answer, "sending"), kNow));
  const auto mails = claim("dead");
  ASSERT_TRUE(*rows_.mark_sending(mails[0].id, "dead", kNow));
  EXPECT_EQ(rows_.recover(kNow + 1min, /*all=*/false)->uncertain, 0);  // the lease still runs
  const Recovered found = *rows_.recover(kNow + 3min, /*all=*/false);
  EXPECT_EQ(found.queued, 1);
  EXPECT_EQ(found.uncertain, 1);
  EXPECT_EQ(count("queued"), 1);
  EXPECT_EQ(count("uncertain"), 1);
}

TEST_P(OutboxStoreTest, UncertainIsQueuedOnceMoreAfterItsPauseAndThenStays) {
  ASSERT_TRUE(rows_.add(mail(Kind::answer, "a"), kNow));
  const std::string id = claim("w")[0].id;
  ASSERT_TRUE(*rows_.record(id, "w", {.state = State::uncertain}, kNow));
  EXPECT_EQ(*rows_.queue_uncertain_again(kNow + 14min, 15min), 0);
  EXPECT_EQ(*rows_.queue_uncertain_again(kNow + 15min, 15min), 1);
  const auto again = *rows_.claim("w", 10, kNow + 15min, kNow + 17min);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_TRUE(again[0].uncertain_once);
  ASSERT_TRUE(*rows_.record(id, "w", {.state = State::uncertain}, kNow + 15min));
  EXPECT_EQ(*rows_.queue_uncertain_again(kNow + 1h, 15min), 0);
}

TEST_P(OutboxStoreTest, ExpiredRowsFailAndCancelLeavesHeldRowsAlone) {
  ASSERT_TRUE(rows_.add(mail(Kind::notice, "old"), kNow));
  EXPECT_EQ(*rows_.expire(kNow + 24h), 0);
  EXPECT_EQ(*rows_.expire(kNow + 48h), 1);
  EXPECT_EQ(count("failed"), 1);
  EXPECT_FALSE(*rows_.is_busy(kNow));
  EXPECT_EQ(*rows_.cancel_batch("none", kNow), 0);
}

TEST_P(OutboxStoreTest, AWorkerThatWasThoughtDeadAndHasTheAnswerIsBelieved) {
  ASSERT_TRUE(rows_.add(mail(Kind::notice, "n"), kNow));
  const std::string id = claim("slow")[0].id;
  ASSERT_TRUE(*rows_.mark_sending(id, "slow", kNow));
  ASSERT_EQ(rows_.recover(kNow + 3min, /*all=*/false)->uncertain, 1);
  EXPECT_FALSE(*rows_.record(id, "other", {.state = State::accepted}, kNow));
  EXPECT_TRUE(*rows_.record(id, "slow", {.state = State::accepted}, kNow));
  EXPECT_EQ(count("accepted"), 1);
  EXPECT_EQ(*rows_.queue_uncertain_again(kNow + 24h, 15min), 0);
}

TEST_P(OutboxStoreTest, WhatIsBeingSentOnceMoreIsNoLongerTheOldWorkers) {
  ASSERT_TRUE(rows_.add(mail(Kind::notice, "n"), kNow));
  const std::string id = claim("slow")[0].id;
  ASSERT_TRUE(*rows_.mark_sending(id, "slow", kNow));
  ASSERT_EQ(rows_.recover(kNow + 3min, /*all=*/false)->uncertain, 1);
  ASSERT_EQ(*rows_.queue_uncertain_again(kNow + 1h, 15min), 1);
  EXPECT_FALSE(*rows_.record(id, "slow", {.state = State::accepted}, kNow + 1h));
  EXPECT_EQ(count("queued"), 1);
}

TEST_P(OutboxStoreTest, ALeaseIsExtendedWhenItIsNearItsEnd) {
  ASSERT_TRUE(rows_.add(mail(Kind::notice, "n"), kNow));
  claim("w");
  ASSERT_TRUE(rows_.extend("other", kNow + 3min, kNow + 9min));
  ASSERT_TRUE(rows_.extend("w", kNow + 2min, kNow + 9min));  // it ends no earlier
  EXPECT_EQ(rows_.recover(kNow + 2min, /*all=*/false)->queued, 0);
  ASSERT_TRUE(rows_.extend("w", kNow + 3min, kNow + 4min));
  EXPECT_EQ(rows_.recover(kNow + 3min, /*all=*/false)->queued, 0);
  EXPECT_EQ(rows_.recover(kNow + 5min, /*all=*/false)->queued, 1);
}

TEST_P(OutboxStoreTest, WhatWasUncertainAndExpiresStaysUncertain) {
  ASSERT_TRUE(rows_.add(mail(Kind::sign_in, "s"), kNow));  // its link lives 10 minutes
  const std::string id = claim("w")[0].id;
  ASSERT_TRUE(*rows_.record(id, "w", {.state = State::uncertain}, kNow));
  ASSERT_EQ(*rows_.queue_uncertain_again(kNow + 15min, 15min), 1);
  EXPECT_EQ(*rows_.expire(kNow + 15min), 1);
  EXPECT_EQ(count("uncertain"), 1);
  EXPECT_EQ(*rows_.queue_uncertain_again(kNow + 24h, 15min), 0);
}

TEST_P(OutboxStoreTest, OnlyDueMailOfAMoreUrgentKindIsMoreUrgent) {
  ASSERT_TRUE(rows_.add(mail(Kind::acknowledgment, "k"), kNow));
  EXPECT_TRUE(*rows_.is_more_urgent_due(Kind::announcement, kNow));
  EXPECT_FALSE(*rows_.is_more_urgent_due(Kind::acknowledgment, kNow));
  EXPECT_FALSE(*rows_.is_more_urgent_due(Kind::announcement, kNow - 1s));
  claim("w");
  EXPECT_FALSE(*rows_.is_more_urgent_due(Kind::announcement, kNow));
}

/// Two workers claim at the same moment: the second one waits for the first one's commit, with the
/// rows it has chosen already. How many rows it is handed then.
std::size_t handed_out_twice(const std::function<std::size_t(store::Connection&)>& second_claims) {
  const test::TestStore store{"PostgreSQL", lib_outbox_migrations()};
  store::Connection first = store.connect(), second = store.connect(), eye = store.connect();
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(OutboxStore{first}.add(mail(Kind::notice, std::to_string(i)), kNow));
  std::future<std::size_t> handed;
  const store::Sql blocked{"blocked", R"sql(
      SELECT COUNT(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE NOT l.granted AND a.datname = current_database())sql",
                           "i"};
  const Status done = first.transaction([&](store::Connection& c) -> Status {
    EXPECT_EQ(OutboxStore{c}.claim("first", 5, kNow, kNow + 2min)->size(), 5U);
    handed = std::async(std::launch::async, [&] { return second_claims(second); });
    const StopSignal never;
    for (const auto end = std::chrono::steady_clock::now() + 30s;
         (*eye.query_one(blocked))[0].integer() == 0 && std::chrono::steady_clock::now() < end;)
      never.wait_for(5ms);
    return ok();
  });
  EXPECT_TRUE(done);
  return handed.get();
}

TEST(OutboxClaim, TwoAtTheSameMomentShareNoRow) {
  EXPECT_EQ(handed_out_twice([](store::Connection& c) {
              return OutboxStore{c}.claim("second", 5, kNow, kNow + 2min)->size();
            }),
            0U);
}

TEST(OutboxClaim, PositiveControlWithoutTheStateInTheOuterWhereTheyDo) {
  const store::Sql careless{"careless_claim", R"sql(
      UPDATE outbox SET state = 'claimed', owner = 'second'
      WHERE id IN (SELECT id FROM outbox WHERE state IN ('queued', 'deferred') AND due_at <= $1
                   ORDER BY priority, due_at LIMIT 5) RETURNING id)sql",
                            "t"};
  EXPECT_EQ(
      handed_out_twice([&](store::Connection& c) { return c.query(careless, {kNow})->size(); }),
      5U);
}

INSTANTIATE_TEST_SUITE_P(Stores, OutboxStoreTest, test::kBothStores, test::store_name);

TEST(Retry, PausesGrowToFourHours) {
  const std::chrono::minutes expected[] = {2min, 5min, 15min, 30min, 60min, 120min, 240min, 240min};
  for (int n = 1; n <= 8; ++n) EXPECT_EQ(pause_after(n, 0.0), expected[n - 1]) << n;
  EXPECT_LT(pause_after(1, 0.99), 2min + 13s);
  EXPECT_EQ(pause_after(1'000'000, 0.0), 4h);
}

TEST(Retry, EachKindIsTriedAsLongAsItIsWorthIt) {
  EXPECT_EQ(lifetime_of(Kind::sign_in), 10min);
  EXPECT_EQ(lifetime_of(Kind::confirmation), 7 * 24h);
  EXPECT_EQ(lifetime_of(Kind::answer), 5 * 24h);
  for (const Kind kind : {Kind::acknowledgment, Kind::notice, Kind::announcement})
    EXPECT_EQ(lifetime_of(kind), 48h);
}

TEST(Retry, TheRelaysOwnTroubleConsumesNoAttempt) {
  const Verdict v = verdict_for({}, {.outcome = mail::Outcome::relay, .code = 421}, kNow, 0);
  EXPECT_EQ(v.state, State::queued);
  EXPECT_EQ(v.attempts_made, 0);
}

TEST(Retry, ADeferralThatWouldComeTooLateIsAFailure) {
  ClaimedMail mail;
  mail.expires = kNow + 1min;
  const mail::SendResult later{.outcome = mail::Outcome::deferred, .code = 450};
  EXPECT_EQ(verdict_for(mail, later, kNow, 0).state, State::failed);
  mail.expires = kNow + 1h;
  EXPECT_EQ(verdict_for(mail, later, kNow, 0).state, State::deferred);
}

TEST(Retry, TheRelaysWordsAreKeptWithoutAddresses) {
  EXPECT_EQ(without_addresses("550 5.1.1 <bob@example.org>: unknown, see bob@example.org."),
            "550 5.1.1 <[address]>: unknown, see [address]");
  EXPECT_LE(without_addresses(std::string(100'000, 'x')).size(), 500U);
}

}  // namespace
}  // namespace trust::outbox
