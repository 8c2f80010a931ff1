#include "intake/case/case_store.h"

#include <gtest/gtest.h>

#include "intake/case/mail_store.h"
#include "intake/case/promise.h"
#include "tests/fakes/intake_store.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;

const UtcTime kMonday = *parse_rfc3339("2026-11-16T09:00:00Z");

Case a_case(const std::string& id, const std::string& state = "open") {
  Case c;
  c.id = id;
  c.state = state;
  c.kind = "symptom";
  c.reporter_address = "ann@example.org";
  c.reporter_name = "Ann";
  c.dmarc = "pass";
  c.subject = "Haven DNS 100% slow";
  c.services = {"haven-dns", "sigil"};
  c.times = R"([{"utc":"2026-11-16T08:00:00Z","words":"8 UTC"}])";
  c.marks = {"too large, see mailbox"};
  c.first_mail = "mail of " + id;
  c.notice_mail = c.first_mail;
  c.received = kMonday;
  c.opened = kMonday + 1min;
  c.acknowledgment = "pending";
  c.notice = "pending";
  return c;
}

class CaseStoreTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), test::intake_tables()};
  store::Connection c_ = store_.connect();
  CaseStore cases_{c_};

  void open(const Case& c, std::optional<UtcTime> due = {}) {
    ASSERT_TRUE(*cases_.open(c));
    if (due) promise(c.id, kMonday, *due);
  }
  void promise(const std::string& id, UtcTime start, UtcTime due,
               const std::string& kind = "response") {
    Promise p;
    p.case_id = id;
    p.kind = kind;
    p.start = start;
    p.due = due;
    p.calendar = "mon-fri";
    p.derivation = "{}";
    ASSERT_TRUE(cases_.add_promise(p));
  }
  std::vector<std::string> listed(CaseFilter filter) {
    filter.now = kMonday + 24h;
    std::vector<std::string> ids;
    const auto found = cases_.list(filter);
    for (const QueuedCase& q : *found) ids.push_back(q.c.id);
    return ids;
  }
};

TEST_P(CaseStoreTest, GivesBackWhatWasOpened) {
  const Case c = a_case("TM-AAAAAA");
  open(c);
  for (const Result<Case>& found : {cases_.find(c.id), cases_.hold(c.id)}) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->state, "open");
    EXPECT_EQ(found->version, 1);
    EXPECT_EQ(found->services, c.services);
    EXPECT_EQ(found->marks, c.marks);
    EXPECT_EQ(found->times, c.times);
    EXPECT_EQ(found->reporter_address, c.reporter_address);
    EXPECT_EQ(found->reporter_name, c.reporter_name);
    EXPECT_EQ(found->dmarc, "pass");
    EXPECT_EQ(found->subject, c.subject);
    EXPECT_EQ(found->first_mail, c.first_mail);
    EXPECT_EQ(found->notice_mail, c.notice_mail);
    EXPECT_EQ(found->received, c.received);
    EXPECT_EQ(found->opened, c.opened);
    EXPECT_EQ(found->answered, std::nullopt);
    EXPECT_EQ(found->acknowledgment, "pending");
    EXPECT_EQ(found->notice, "pending");
  }
  EXPECT_EQ(cases_.find("TM-ZZZZZZ").error().fault(), Fault::not_found);
}

TEST_P(CaseStoreTest, OneMailOpensOneCase) {
  open(a_case("TM-AAAAAA"));
  Case again = a_case("TM-BBBBBB");
  again.first_mail = "mail of TM-AAAAAA";
  EXPECT_FALSE(*cases_.open(again));
  EXPECT_EQ(*cases_.id_opened_by("mail of TM-AAAAAA"), "TM-AAAAAA");
  EXPECT_EQ(*cases_.id_opened_by("another"), std::nullopt);
}

TEST_P(CaseStoreTest, AnUpdateOfAnOldVersionIsAConflict) {
  open(a_case("TM-AAAAAA"));
  Case mine = *cases_.find("TM-AAAAAA");
  Case theirs = mine;
  mine.state = "answered";
  mine.answered = kMonday + 2h;
  mine.outcome = "explained";
  EXPECT_TRUE(cases_.update(mine));
  EXPECT_EQ(cases_.update(theirs).error().fault(), Fault::conflict);
  const Case now = *cases_.find("TM-AAAAAA");
  EXPECT_EQ(now.version, 2);
  EXPECT_EQ(now.answered, kMonday + 2h);
  EXPECT_EQ(now.outcome, "explained");
}

TEST_P(CaseStoreTest, WhatIsOwedIsNoNewVersion) {
  open(a_case("TM-AAAAAA"));
  ASSERT_TRUE(cases_.set_acknowledgment("TM-AAAAAA", "over_budget", "all_hour"));
  ASSERT_TRUE(cases_.set_notice("TM-AAAAAA", "queued", "mail 2"));
  const Case c = *cases_.find("TM-AAAAAA");
  EXPECT_EQ(c.version, 1);
  EXPECT_EQ(c.acknowledgment_because, "all_hour");
  EXPECT_EQ(c.notice_mail, "mail 2");
}

TEST_P(CaseStoreTest, PendingWorkIsListedById) {
  for (const char* id : {"TM-CCCCCC", "TM-AAAAAA", "TM-BBBBBB"}) open(a_case(id));
  ASSERT_TRUE(cases_.set_acknowledgment("TM-BBBBBB", "queued", ""));
  ASSERT_TRUE(cases_.set_notice("TM-AAAAAA", "queued", ""));
  using Ids = std::vector<std::string>;
  EXPECT_EQ(*cases_.to_acknowledge("", 10), (Ids{"TM-AAAAAA", "TM-CCCCCC"}));
  EXPECT_EQ(*cases_.to_acknowledge("TM-AAAAAA", 10), Ids{"TM-CCCCCC"});
  EXPECT_EQ(*cases_.to_notice("", 1), Ids{"TM-BBBBBB"});
}

TEST_P(CaseStoreTest, TheQueueShowsTheMostPressingFirst) {
  Case urgent = a_case("TM-URGENT");
  urgent.urgent = true;
  Case done = a_case("TM-DONE11", "answered");
  Case back = a_case("TM-BACK11");  // its answer came back: open, and no promise
  open(a_case("TM-LATER1"), kMonday + 72h);
  open(a_case("TM-S00NER"), kMonday + 10h);
  open(done);
  open(back);
  open(urgent, kMonday + 96h);
  using Ids = std::vector<std::string>;
  EXPECT_EQ(listed({}), (Ids{"TM-URGENT", "TM-BACK11", "TM-S00NER", "TM-LATER1"}));
  EXPECT_EQ(listed({.state = "all"}),
            (Ids{"TM-URGENT", "TM-BACK11", "TM-S00NER", "TM-LATER1", "TM-DONE11"}));
  EXPECT_EQ(listed({.late_only = true}), Ids{"TM-S00NER"});
  EXPECT_EQ(listed({.state = "look"}), Ids{});
  EXPECT_EQ(listed({.limit = 1}), Ids{"TM-URGENT"});
}

TEST_P(CaseStoreTest, SearchFindsWordsLiterally) {
  open(a_case("TM-AAAAAA"));
  Case other = a_case("TM-BBBBBB");
  other.subject = "under_score and ünïcode 50 percent";
  other.reporter_address = "bob@example.net";
  open(other);
  using Ids = std::vector<std::string>;
  EXPECT_EQ(listed({.search = "haven dns"}), Ids{"TM-AAAAAA"});
  EXPECT_EQ(listed({.search = "100%"}), Ids{"TM-AAAAAA"});
  EXPECT_EQ(listed({.search = "under_"}), Ids{"TM-BBBBBB"});
  EXPECT_EQ(listed({.search = "r_score"}), Ids{"TM-BBBBBB"});
  EXPECT_EQ(listed({.search = "e_score"}), Ids{});
  EXPECT_EQ(listed({.search = "bob@"}), Ids{"TM-BBBBBB"});
  EXPECT_EQ(listed({.search = "tm-aaa"}), Ids{"TM-AAAAAA"});
  EXPECT_EQ(listed({.search = "ünïcode"}), Ids{"TM-BBBBBB"});
  for (const char* hostile : {"'; DROP TABLE cases; --", "!", "\\", "%", "\x01\xff"})
    EXPECT_TRUE(cases_.list({.search = hostile})) << hostile;
}

TEST_P(CaseStoreTest, APromiseIsMetOnceAndALateOneStaysLate) {
  open(a_case("TM-AAAAAA"), kMonday + 10h);
  EXPECT_EQ(cases_.due(kMonday + 9h)->size(), 0U);
  EXPECT_EQ(cases_.due(kMonday + 10h)->size(), 1U);
  EXPECT_EQ(cases_.count(kMonday + 9h)->late, 0);
  EXPECT_EQ(cases_.count(kMonday + 10h)->late, 1);
  EXPECT_EQ(*cases_.meet("TM-AAAAAA", "response", kMonday + 11h), 1);
  EXPECT_EQ(*cases_.meet("TM-AAAAAA", "response", kMonday + 12h), 0);
  const Promise met = cases_.promises_of("TM-AAAAAA")->front();
  EXPECT_EQ(met.met, kMonday + 11h);
  EXPECT_GT(*met.met, met.due);
}

TEST_P(CaseStoreTest, ARepeatedPromiseIsTheSameAndALaterOneAnother) {
  open(a_case("TM-AAAAAA"), kMonday + 10h);
  promise("TM-AAAAAA", kMonday, kMonday + 99h);
  EXPECT_EQ(cases_.promises_of("TM-AAAAAA")->size(), 1U);
  EXPECT_EQ(cases_.promises_of("TM-AAAAAA")->front().due, kMonday + 10h);
  promise("TM-AAAAAA", kMonday + 1h, kMonday + 99h);
  EXPECT_EQ(*cases_.meet("TM-AAAAAA", "response", kMonday + 5h), 2);
  EXPECT_EQ(*cases_.meet("TM-AAAAAA", "response", kMonday + 6h), 0);
}

TEST_P(CaseStoreTest, AcknowledgmentsAreCountedByAddressAndHour) {
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(
        *cases_.add_acknowledgment("case " + std::to_string(i), "ann", i == 0, kMonday + i * 1h));
  EXPECT_FALSE(*cases_.add_acknowledgment("case 0", "ann", true, kMonday));
  const auto given = *cases_.acknowledgments("ann", kMonday + 30min, kMonday + 90min);
  EXPECT_EQ(given.to_who, 2);
  EXPECT_EQ(given.to_unauthenticated, 1);
  EXPECT_EQ(cases_.acknowledgments("bob", kMonday - 1h, kMonday - 1h)->to_who, 0);
  EXPECT_EQ(cases_.acknowledgments("bob", kMonday - 1h, kMonday - 1h)->to_unauthenticated, 2);
}

TEST_P(CaseStoreTest, AnswersAndMessageIdsAreKept) {
  ASSERT_TRUE(cases_.add_answer({.id = "a1",
                                 .case_id = "TM-AAAAAA",
                                 .outcome = "post-mortem",
                                 .incident = "",
                                 .url = "https://example.org/x",
                                 .words = "words",
                                 .by = "ada@example.org",
                                 .at = kMonday,
                                 .message_id = "m1",
                                 .message = "bytes"}));
  const auto answers = *cases_.answers_of("TM-AAAAAA");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].url, "https://example.org/x");
  EXPECT_EQ(answers[0].at, kMonday);
  EXPECT_EQ(answers[0].message_id, "m1");

  ASSERT_TRUE(cases_.add_message_id("TM-AAAAAA", "x@y", true));
  ASSERT_TRUE(cases_.add_message_id("TM-AAAAAA", "x@y", true));
  ASSERT_TRUE(cases_.add_message_id("TM-BBBBBB", "x@y", false));
  ASSERT_TRUE(cases_.add_message_id("TM-CCCCCC", "", false));
  EXPECT_EQ(cases_.cases_of_message_ids({"z@y", "x@y"})->size(), 2U);
  EXPECT_EQ(cases_.cases_of_message_ids({""})->size(), 0U);
}

TEST_P(CaseStoreTest, ALookBecomesAReportWithItsTrueArrivalTime) {
  Case look = a_case("TM-100K11", "look");
  look.notice = "none";
  look.look_because = "junk_folder";
  look.acknowledgment = "not_owed";
  look.acknowledgment_because = "look";
  open(look);
  const auto raise = [&](UtcTime at) {
    return c_.transaction([&](store::Connection& c) -> Status {
      Case held = *CaseStore{c}.hold(look.id);
      return become_report(c, held, "internal_date", Calendar{}, {Actor::staff, "ada@x.org", at});
    });
  };
  ASSERT_TRUE(raise(kMonday + 48h));
  const Case c = *cases_.find(look.id);
  EXPECT_EQ(c.state, "open");
  EXPECT_EQ(c.look_because, "");
  EXPECT_EQ(c.notice, "pending");
  EXPECT_EQ(c.acknowledgment, "not_owed");
  EXPECT_EQ(c.acknowledgment_because, "old");
  const auto promises = *cases_.promises_of(look.id);
  ASSERT_EQ(promises.size(), 1U);
  EXPECT_EQ(promises[0].start, kMonday);
  EXPECT_EQ(to_rfc3339(promises[0].due), "2026-11-20T00:00:00Z");
  EXPECT_EQ(raise(kMonday + 49h).error().fault(), Fault::conflict);
  EXPECT_EQ(cases_.promises_of(look.id)->size(), 1U);
}

TEST_P(CaseStoreTest, AFreshLookThatBecomesAReportIsAcknowledged) {
  Case look = a_case("TM-100K11", "look");
  look.kind = "vulnerability";
  look.acknowledgment = "not_owed";
  look.acknowledgment_because = "look";
  open(look);
  ASSERT_TRUE(become_report(c_, look, "internal_date", Calendar{},
                            {Actor::staff, "ada@x.org", kMonday + 1h}));
  EXPECT_EQ(cases_.find(look.id)->acknowledgment, "pending");
  EXPECT_EQ(cases_.promises_of(look.id)->size(), 2U);
}

TEST_P(CaseStoreTest, TextsThatPostgresqlRefusesAreCleaned) {
  Case c = a_case("TM-AAAAAA");
  c.subject = std::string{"a\0b\xff", 4};
  c.services = {"\xfe"};
  open(c);
  EXPECT_EQ(cases_.find(c.id)->subject,
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

INSTANTIATE_TEST_SUITE_P(Stores, CaseStoreTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
