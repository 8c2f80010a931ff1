#include "intake/flow/clock_ticked.h"

#include <atomic>
#include <thread>

#include "intake/case/promise.h"
#include "lib/base/log.h"
#include "tests/intake/flow/flow_world.h"

namespace trust::intake {
namespace {

using std::chrono::days;
using store::Sql;

class ClockTicked : public FlowWorld {
 protected:
  void at(const std::string& time) { clock_.at = *parse_rfc3339(time); }
  /// References of notices after a tick, without the person, each as often as it was queued.
  int tick() {
    const Result<int> queued = clock_ticked(tools_, settings_);
    EXPECT_TRUE(queued) << queued.error().text();
    return queued ? *queued : -1;
  }
  /// How many notices of a kind Ada has.
  std::int64_t for_ada(const std::string& kind) {
    return count("outbox WHERE kind = 'notice' AND recipient = '" + kAda +
                 "' AND reference LIKE '" + kind + "/%'");
  }
  void promise(const std::string& case_id, const std::string& kind, UtcTime start) {
    ASSERT_TRUE(cases_.add_promise(
        new_promise(case_id, kind, start, "internal_date", kResponseDays, calendar_)));
  }
  /// A mail whose bytes do not come, as intake/mailbox leaves it.
  void quarantine(const std::string& name) {
    promise("quarantine/" + name, "quarantine", clock_.at);
  }
  /// Twenty ticks each of two processes, `before` done before each; how many mails were queued.
  int race(const std::function<void(store::Connection&)>& before) {
    store::Connection other = store_.connect();
    const FlowTools others{other, keyring_, calendar_, services_, letters_, clock_};
    std::atomic<int> queued = 0;
    const auto go = [&](const FlowTools& tools) {
      for (int i = 0; i < 20; ++i) {
        before(tools.connection);
        const Result<int> told = clock_ticked(tools, settings_);
        queued += told ? *told : 0;
      }
    };
    std::thread first{[&] { go(tools_); }};
    std::thread second{[&] { go(others); }};
    first.join();
    second.join();
    return queued;
  }
  std::string text_of(const std::string& kind) {
    for (const Queued& mail : queued("notice"))
      if (mail.reference.starts_with(kind)) return mail.message;
    return "";
  }
};

// The report arrives on Tue 24 Nov; Wed, Thu and Fri count; due at the end of Fri 27 Nov.
TEST_P(ClockTicked, ADueTimeIsWarnedOfOnTheMorningBeforeItsLastDayAndCalledLateOnce) {
  const Case c = case_after(a_report());
  at("2026-11-26T07:59:59Z");
  tick();
  EXPECT_EQ(for_ada("warning"), 0);
  at("2026-11-26T08:00:00Z");
  tick();
  EXPECT_EQ(for_ada("warning"), 1);
  EXPECT_EQ(for_ada("late"), 0);
  at("2026-11-27T23:59:59Z");
  tick();
  EXPECT_EQ(for_ada("late"), 0);
  at("2026-11-28T00:00:00Z");
  EXPECT_EQ(tick(), 2) << "both members of staff, at once, on a Saturday too";
  EXPECT_EQ(tick(), 0);
  EXPECT_EQ(for_ada("warning"), 1);
  EXPECT_EQ(for_ada("late"), 1);
  EXPECT_EQ(count("promise WHERE late_at IS NOT NULL"), 1);
  EXPECT_NE(text_of("warning").find("1 business day 16 h left"), std::string::npos);
  EXPECT_NE(text_of("late").find("trust-intake answer " + c.id + " explained"), std::string::npos);
  EXPECT_EQ(kinds_of_history(c).back(), "late");
  answer(c);
  EXPECT_EQ(count("promise WHERE late_at IS NOT NULL"), 1) << "a late promise stays late";
}

TEST_P(ClockTicked, AnAnsweredPromiseIsSilent) {
  const Case c = case_after(a_report());
  answer(c);
  at("2026-11-26T09:00:00Z");
  tick();
  at("2026-12-26T09:00:00Z");
  tick();
  EXPECT_EQ(for_ada("warning") + for_ada("late"), 0);
}

TEST_P(ClockTicked, AnOutageOverTheMomentDelaysAWarningAndDropsTheListsOfOtherDays) {
  case_after(a_report());
  at("2026-11-27T15:00:00Z");  // away since Tuesday
  tick();
  EXPECT_EQ(for_ada("warning"), 1);
  EXPECT_EQ(for_ada("morning"), 1);
  at("2026-11-28T09:00:00Z");  // a Saturday
  tick();
  EXPECT_EQ(for_ada("morning"), 1);
}

TEST_P(ClockTicked, AClockThatJumpsRepeatsNothingAndBlocksNothing) {
  case_after(a_report());
  at("2026-11-26T08:00:00Z");
  tick();
  const auto before = count("outbox");
  at("2026-11-26T07:00:00Z");
  tick();
  at("2026-11-26T08:00:00Z");
  tick();
  EXPECT_EQ(count("outbox"), before);
  at("2036-11-26T08:00:00Z");  // a Wednesday
  tick();
  EXPECT_EQ(for_ada("late"), 1);
  at("2026-11-27T08:00:00Z");
  tick();
  at("2036-11-26T09:00:00Z");
  tick();
  EXPECT_EQ(for_ada("late"), 1);
  EXPECT_EQ(for_ada("warning"), 1);
  EXPECT_EQ(for_ada("morning"), 3) << "26 Nov, 26 Nov ten years later, 27 Nov";
}

TEST_P(ClockTicked, TheMorningListNamesWhatWaitsAndIsNotSentWhenNothingDoes) {
  at("2026-11-24T08:00:00Z");
  EXPECT_EQ(tick(), 0);
  at("2026-11-24T10:00:00Z");
  const Case c = case_after(a_report());
  EXPECT_EQ(tick(), 0) << "the day was found empty; the case had its own notice";
  at("2026-11-27T08:00:00Z");
  tick();
  const std::string text = text_of("morning");
  EXPECT_NE(text.find("Fri 27 Nov 2026: 1 due today"), std::string::npos) << text;
  EXPECT_NE(text.find(c.id + "  16 h left  Haven DNS is slow"), std::string::npos) << text;
}

TEST_P(ClockTicked, OldMailsGiveOneNoticeForAllAndNoAlarms) {
  for (int i = 0; i < 5; ++i)
    arrive(a_report("ann" + std::to_string(i) + "@example.com"), {.ago = days{20 + i}});
  run();
  tick();
  tick();
  EXPECT_EQ(for_ada("backlog"), 1);
  EXPECT_EQ(for_ada("late") + for_ada("warning"), 0);
  EXPECT_EQ(for_ada("morning"), 1);
  EXPECT_EQ(count("promise WHERE late_at IS NOT NULL"), 5);
  EXPECT_EQ(count("outbox WHERE recipient = '" + kAda + "'"), 2);
}

// G10. Every mark is set by the very statement that looks for promises without it; the checks
// below would see a doubled one in `queued`, and a missed one in the marks.
TEST_P(ClockTicked, SevenYearsMissAndRepeatNothing) {
  settings_.staff = {kAda};
  calendar_ = *Calendar::from_ics(
      "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY\r\n"
      "END:VEVENT\r\nEND:VCALENDAR\r\n");
  const UtcTime begin = clock_.at;
  std::int64_t opened = 0, mornings = 0, queued = 0;
  for (int day = 0; day < 7 * 365; ++day) {
    clock_.at = begin + days{day};
    if (day % 50 == 0 && day + 30 < 7 * 365) {
      case_after(a_report("ann" + std::to_string(day) + "@example.com"));
      ++opened;
    }
    if (calendar_.is_business_day(std::chrono::floor<days>(clock_.at))) ++mornings;
    queued += tick();
    if (day % 7 == 0) queued += tick();
  }
  EXPECT_EQ(for_ada("warning"), opened);
  EXPECT_EQ(for_ada("late"), opened);
  EXPECT_EQ(for_ada("morning"), mornings);
  EXPECT_EQ(queued, for_ada("warning") + for_ada("late") + for_ada("morning"));
}

TEST_P(ClockTicked, APurgedOutboxAndANewMemberOfStaffRepeatNothing) {
  case_after(a_report());
  at("2026-11-28T00:00:00Z");
  tick();
  ASSERT_EQ(for_ada("late"), 1);
  ASSERT_TRUE(c_.execute({"purge", "DELETE FROM outbox"}));
  settings_.staff.emplace_back("cyd@example.org");
  EXPECT_EQ(tick(), 0);
  // Positive control: without the mark on the promise, the same tick tells it again.
  ASSERT_TRUE(c_.execute({"forget", "UPDATE promise SET late_at = NULL"}));
  EXPECT_EQ(tick(), 3);
}

TEST_P(ClockTicked, APromiseOfAReporterWhoWroteAgainIsToldOfAnew) {
  const Case c = case_after(a_report());
  at("2026-11-28T00:00:00Z");
  tick();
  answer(c);
  mail::ParsedMail again = a_report();
  again.references = {thread(c)};
  again.text = "Still slow.";
  case_after(again);
  at("2026-12-09T00:00:00Z");
  tick();
  EXPECT_EQ(for_ada("late"), 2);
}

TEST_P(ClockTicked, AMailWithoutBytesIsToldOfAtOnceAndCalledLateOnce) {
  quarantine("INBOX/7/12");
  EXPECT_EQ(tick(), 2) << "both members of staff";
  EXPECT_EQ(tick(), 0);
  EXPECT_NE(text_of("warning").find("INBOX/7/12 (folder"), std::string::npos);
  at("2026-11-26T08:00:00Z");
  tick();
  EXPECT_EQ(for_ada("warning"), 1) << "not again a business day before";
  at("2026-11-28T00:00:00Z");
  EXPECT_EQ(tick(), 2);
  EXPECT_EQ(tick(), 0);
  EXPECT_EQ(for_ada("late"), 1);
  EXPECT_EQ(count("history WHERE case_id LIKE 'quarantine/%'"), 0) << "it has no case";
  EXPECT_EQ(for_ada("warning"), 1);
}

TEST_P(ClockTicked, AMailWhoseBytesCameIsSilent) {
  quarantine("INBOX/7/12");
  ASSERT_TRUE(c_.execute({"came", "UPDATE promise SET void_at = 1, void_because = 'came'"}));
  tick();
  at("2026-11-28T00:00:00Z");
  tick();
  EXPECT_EQ(for_ada("warning") + for_ada("late"), 0);
}

TEST_P(ClockTicked, OneThatCannotBeToldFailsNoOther) {
  quarantine("INBOX/7/12");
  const Case c = case_after(a_report());
  // Due before the others, and of a case that is gone.
  promise("TM-NOCASE", "response", clock_.at - days{1});
  at("2026-11-28T00:00:00Z");
  EXPECT_EQ(tick(), 4);
  EXPECT_EQ(for_ada("late"), 2);
  EXPECT_EQ(count("promise WHERE case_id = 'TM-NOCASE' AND late_at IS NOT NULL"), 0)
      << "nobody was told of it";
}

// What dies after the mark and before the commit.
TEST_P(ClockTicked, WhatWasBrokenOffBeforeItsCommitIsToldOnceAfterwards) {
  const Case c = case_after(a_report());
  quarantine("INBOX/7/12");
  at("2026-11-30T08:00:00Z");  // a Monday: both are late, and the morning's list is due
  ASSERT_TRUE(c_.execute({"break", "ALTER TABLE outbox RENAME TO away"}));
  static_cast<void>(clock_ticked(tools_, settings_));
  ASSERT_TRUE(c_.execute({"mend", "ALTER TABLE away RENAME TO outbox"}));
  EXPECT_EQ(count("promise WHERE late_at IS NOT NULL"), 0);
  EXPECT_EQ(count("daily WHERE what = 'morning' AND day = '2026-11-30'"), 0);
  EXPECT_NE(kinds_of_history(c).back(), "late");
  EXPECT_EQ(tick(), 6);
  EXPECT_EQ(tick(), 0);
  EXPECT_EQ(for_ada("late"), 2);
  EXPECT_EQ(for_ada("morning"), 1);
  EXPECT_EQ(count("history WHERE kind = 'late'"), 1);
}

TEST_P(ClockTicked, TheHistoryIsAnchoredOnceADay) {
  const auto anchors = [this] { return count("history_anchor"); };
  const Case c = case_after(a_report());
  tick();
  EXPECT_EQ(anchors(), 1);
  const Case later = case_after(a_report("bob@example.com"));
  tick();
  EXPECT_EQ(anchors(), 1) << "not twice on a day";
  at("2026-11-25T00:00:00Z");
  tick();
  EXPECT_EQ(anchors(), 2);
  at("2036-11-25T00:00:00Z");
  tick();
  EXPECT_EQ(anchors(), 4) << "both cases were called late meanwhile";
  at("2026-11-26T00:00:00Z");
  answer(c);
  tick();
  EXPECT_EQ(anchors(), 5) << "a clock that was wrong for a while stops nothing";
  EXPECT_EQ(*HistoryStore{c_}.verify_all(), "");
  const Sql cut{"cut", "DELETE FROM history WHERE case_id = $1 AND kind = 'late'"};
  ASSERT_TRUE(c_.execute(cut, {later.id}));
  EXPECT_EQ(HistoryStore{c_}.verify_all()->substr(0, later.id.size()), later.id);
}

TEST_P(ClockTicked, AnAnchorThatCannotBeMadeStopsNoNotice) {
  case_after(a_report());
  case_after(a_report("bob@example.com"));
  at("2026-11-28T00:00:00Z");
  ASSERT_TRUE(c_.execute({"break", "CREATE UNIQUE INDEX one_only ON history_anchor (at)"}));
  EXPECT_EQ(tick(), 4);
  EXPECT_EQ(for_ada("late"), 2);
  EXPECT_EQ(count("history_anchor"), 0);
  ASSERT_TRUE(c_.execute({"mend", "DROP INDEX one_only"}));
  EXPECT_EQ(tick(), 0);
  EXPECT_EQ(count("history_anchor"), 2);
}

TEST_P(ClockTicked, TwoTickersTellEachThingOnce) {
  case_after(a_report());
  quarantine("INBOX/7/12");
  at("2026-11-30T08:00:00Z");
  EXPECT_EQ(race([](store::Connection&) {}), 6);
  EXPECT_EQ(for_ada("late"), 2);
  EXPECT_EQ(for_ada("morning"), 1);
  EXPECT_EQ(count("history WHERE kind = 'late'"), 1);
  EXPECT_EQ(count("history_anchor"), 1);
  EXPECT_EQ(*HistoryStore{c_}.verify_all(), "");
  // Positive control: without the marks the same race tells the same again and again.
  const int told = race([](store::Connection& c) {
    static_cast<void>(c.execute({"forget", "UPDATE promise SET late_at = NULL"}));
    static_cast<void>(c.execute({"purge", "DELETE FROM outbox"}));
  });
  EXPECT_GT(told, 6);
}

INSTANTIATE_TEST_SUITE_P(Stores, ClockTicked, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
