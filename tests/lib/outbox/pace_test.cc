// When mails may leave, on a clock of the test's own.
#include "lib/outbox/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace trust::outbox {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Leave = Breaker::Leave;

const SteadyTime kStart{1h};

/// `connections` that each send one mail after the other, each mail taking 2-12 ms, with a stall of
/// all of them now and then; the moments at which the mails left in `span`.
std::vector<SteadyTime> send_for(std::chrono::seconds span, int rate, std::size_t connections) {
  TokenBucket bucket{rate};
  std::mt19937 random{4711};
  std::uniform_int_distribution<int> takes_us{2'000, 12'000};
  std::vector<SteadyTime> free(connections, kStart);
  std::vector<SteadyTime> left;
  auto stall_at = kStart + 700ms;
  for (;;) {
    auto next = std::min_element(free.begin(), free.end());
    if (*next >= kStart + span) break;
    if (*next >= stall_at) {
      for (SteadyTime& one : free) one = std::max(one, stall_at + 120ms);
      stall_at += 1700ms;
      continue;
    }
    left.push_back(bucket.reserve(*next));
    *next = left.back() + std::chrono::microseconds{takes_us(random)};
  }
  std::sort(left.begin(), left.end());
  return left;
}

long most_in_a_second(const std::vector<SteadyTime>& moments) {
  long most = 0;
  for (auto first = moments.begin(); first != moments.end(); ++first)
    most = std::max(most, std::lower_bound(first, moments.end(), *first + 1s) - first);
  return most;
}

TEST(TokenBucket, ReachesItsRateAndExceedsItInNoSecond) {
  const auto left = send_for(60s, 200, 4);
  EXPECT_LE(most_in_a_second(left), 200);
  EXPECT_GE(left.size(), 60U * 195);
  EXPECT_LE(left.size(), 60U * 200 + 1);
}

TEST(TokenBucket, HoldsForAnyRate) {
  for (const int rate : {1, 3, 17, 250}) {
    const auto left = send_for(30s, rate, 4);
    EXPECT_LE(most_in_a_second(left), rate) << rate;
    EXPECT_GE(left.size(), static_cast<std::size_t>(30 * rate) * 95 / 100) << rate;
  }
}

TEST(TokenBucket, UnusedTimeIsNotSavedUp) {
  TokenBucket bucket{100};
  bucket.reserve(kStart);
  int at_once = 0;
  while (bucket.reserve(kStart + 1h) == kStart + 1h) ++at_once;
  EXPECT_LE(at_once, 21);
}

TEST(TokenBucket, RateZeroNeverWaits) {
  TokenBucket bucket{0};
  for (int n = 0; n < 1000; ++n) EXPECT_EQ(bucket.reserve(kStart), kStart);
}

/// The pauses of `n` failed tries in a row that take no time.
std::vector<milliseconds> pauses_of(Breaker& breaker, Fault fault, int n, double jitter = 0) {
  std::vector<milliseconds> pauses;
  SteadyTime now = kStart;
  for (Leave leave = Leave::send; n > 0; --n) {
    pauses.push_back(*breaker.failed(leave, fault, now, now, jitter));
    EXPECT_EQ(breaker.ask(now + pauses.back() - 1ms), Leave::wait);
    now += pauses.back();
    leave = breaker.ask(now);
    EXPECT_EQ(leave, Leave::probe);
  }
  return pauses;
}

TEST(Breaker, PausesGrowToTwentyFiveSeconds) {
  Breaker breaker{{}};
  EXPECT_EQ(pauses_of(breaker, Fault::unavailable, 7),
            (std::vector<milliseconds>{1s, 2s, 4s, 8s, 16s, 25s, 25s}));
  Breaker jittered{{}};
  EXPECT_EQ(pauses_of(jittered, Fault::unavailable, 2, 0.5),
            (std::vector<milliseconds>{900ms, 1800ms}));
}

TEST(Breaker, ATryThatTookLongHasBeenPauseEnough) {
  Breaker breaker{{}};
  for (int n = 0; n < 8; ++n) {
    breaker.failed(n == 0 ? Leave::send : Leave::probe, Fault::unavailable, kStart, kStart, 0);
    breaker.ask(kStart + 1h);
  }
  EXPECT_EQ(breaker.failed(Leave::probe, Fault::unavailable, kStart, kStart + 24s, 0), 1s);
  EXPECT_EQ(breaker.ask(kStart + 25s), Leave::probe);
}

TEST(Breaker, OneTriesAndTheOthersWait) {
  Breaker breaker{{}};
  EXPECT_EQ(breaker.ask(kStart), Leave::send);
  EXPECT_EQ(breaker.failed(Leave::send, Fault::unavailable, kStart, kStart, 0), 1s);
  // What other connections find out about the same trouble makes it no longer.
  EXPECT_EQ(breaker.failed(Leave::send, Fault::unavailable, kStart, kStart, 0), std::nullopt);
  EXPECT_FALSE(breaker.is_closed());
  EXPECT_EQ(breaker.ask(kStart + 1s), Leave::probe);
  EXPECT_EQ(breaker.ask(kStart + 1h), Leave::wait);
  breaker.nothing_tried();
  EXPECT_EQ(breaker.ask(kStart + 2s), Leave::probe);
  EXPECT_EQ(breaker.works(kStart + 7s), 7s);
  EXPECT_EQ(breaker.works(kStart + 7s), std::nullopt);
  EXPECT_EQ(breaker.ask(kStart + 7s), Leave::send);
}

TEST(Breaker, ARefusedLoginWaits5And15And60MinutesAndNoLongerThanItsSecret) {
  std::string stamp = "old";
  Breaker breaker{[&] { return stamp; }};
  EXPECT_EQ(pauses_of(breaker, Fault::denied, 4),
            (std::vector<milliseconds>{5min, 15min, 60min, 60min}));
  EXPECT_EQ(breaker.hopeless(), Fault::denied);
  breaker.failed(Leave::probe, Fault::denied, kStart, kStart, 0);
  EXPECT_EQ(breaker.ask(kStart + 1s), Leave::wait);
  stamp = "new";
  EXPECT_EQ(breaker.ask(kStart + 1s), Leave::probe);
  EXPECT_EQ(breaker.failed(Leave::probe, Fault::denied, kStart, kStart, 0), 5min);
  EXPECT_TRUE(breaker.ask(kStart + 5min) == Leave::probe && breaker.works(kStart + 5min));
  EXPECT_EQ(breaker.hopeless(), std::nullopt);
}

TEST(Breaker, ASecretThatChangedWhileItWasTriedIsTriedAgainSoon) {
  std::string stamp = "old";
  Breaker breaker{[&] { return stamp; }};
  stamp = "new";
  EXPECT_EQ(breaker.failed(Leave::send, Fault::denied, kStart, kStart, 0), 1s);
  ASSERT_EQ(breaker.ask(kStart + 1s), Leave::probe);
  EXPECT_EQ(breaker.failed(Leave::probe, Fault::denied, kStart, kStart, 0), 5min);
}

TEST(Breaks, WhatBreaksConnectionsWhileOthersPassWaitsLonger) {
  Breaks breaks;
  EXPECT_EQ(breaks.broke("a", 0), 0ms);  // once is nobody's fault
  EXPECT_EQ(breaks.broke("a", 0), 20s);  // the relay may be bad for all: others' turn
  EXPECT_EQ(breaks.broke("a", 0), 20s);
  breaks.answered("b");
  EXPECT_EQ(breaks.broke("a", 0), 2min);
  breaks.answered("b");
  EXPECT_EQ(breaks.broke("a", 0), 5min);
  breaks.answered("a");
  EXPECT_EQ(breaks.broke("a", 0), 0ms);
}

}  // namespace
}  // namespace trust::outbox
