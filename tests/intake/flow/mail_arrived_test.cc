#include "tests/intake/flow/flow_world.h"

namespace trust::intake {
namespace {

class MailArrived : public FlowWorld {
 protected:
  /// What must be so whatever happened on the way.
  void expect_one_of_each() {
    EXPECT_EQ(count("cases"), 1);
    EXPECT_EQ(count("promise"), 1);
    EXPECT_EQ(count("outbox WHERE kind = 'acknowledgment'"), 1);
    EXPECT_EQ(count("outbox WHERE kind = 'notice'"), 2);
    EXPECT_EQ(count("acknowledgment"), 1);
    EXPECT_EQ(count("history"), 3);
    EXPECT_EQ(count("mail WHERE stage = 'filed'"), 1);
    EXPECT_EQ(*HistoryStore{c_}.verify_all(), "");
  }
};

TEST_P(MailArrived, AReportBecomesACaseItsReporterAndStaffHearOfIt) {
  const std::string id = arrive(a_report(), {.ago = 30s});
  const Arrived arrived = run();
  EXPECT_EQ(arrived.parsed, 1);
  EXPECT_EQ(arrived.filed, 1);
  EXPECT_EQ(arrived.opened, 1);
  EXPECT_EQ(arrived.queued, 3);
  EXPECT_EQ(arrived.stuck, 0);

  const Case c = case_of(id);
  EXPECT_EQ(c.state, "open");
  EXPECT_EQ(c.kind, "symptom");
  EXPECT_FALSE(c.urgent);
  EXPECT_EQ(c.reporter_address, kAnn);
  EXPECT_EQ(c.subject, "Haven DNS is slow");
  EXPECT_EQ(c.services, std::vector<std::string>{"haven-dns"});
  EXPECT_EQ(c.times, R"([{"utc":"2026-11-24T08:00:00Z","words":"2026-11-24 08:00 UTC"}])");
  EXPECT_EQ(c.received, clock_.now() - 30s);
  EXPECT_EQ(c.acknowledgment, "queued");
  EXPECT_EQ(c.notice, "queued");
  EXPECT_TRUE(c.marks.empty());

  const auto promised = promises(c);
  ASSERT_EQ(promised.size(), 1U);
  EXPECT_EQ(to_rfc3339(promised[0].due), "2026-11-28T00:00:00Z");
  EXPECT_EQ(promised[0].start, c.received);

  const auto acknowledgments = queued("acknowledgment");
  ASSERT_EQ(acknowledgments.size(), 1U);
  EXPECT_EQ(acknowledgments[0].recipient, kAnn);
  EXPECT_EQ(acknowledgments[0].envelope_from, signed_address(c));
  EXPECT_EQ(acknowledgments[0].reference, c.id);
  const auto notices = queued("notice");
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].recipient, kAda);
  EXPECT_EQ(notices[1].recipient, kBob);
  EXPECT_EQ(kinds_of_history(c), (std::vector<std::string>{"opened", "mail", "acknowledged"}));
}

TEST_P(MailArrived, EveryStageMayBeRepeated) {
  const std::string id = arrive(a_report());
  run();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(*parse_stored(tools_, settings_, parse_, id));
    EXPECT_FALSE(file_parsed(tools_, settings_, id)->now);
    EXPECT_EQ(*notify_staff(tools_, settings_, case_of(id).id), 0);
    EXPECT_EQ(*acknowledge_reporter(tools_, settings_, case_of(id).id), 0);
    EXPECT_FALSE(run().did_anything());
  }
  expect_one_of_each();
}

// Killed after its n-th stage; a new process takes over.
TEST_P(MailArrived, DyingBetweenTwoStagesLosesAndDoublesNothing) {
  for (int last_stage = 0; last_stage <= 4; ++last_stage) {
    SCOPED_TRACE(last_stage);
    test::TestStore store{GetParam(), test::intake_tables()};
    {
      store::Connection dying = store.connect();
      const FlowTools tools{dying, keyring_, calendar_, services_, letters_, clock_};
      read_["m"] = a_report();
      test::put_mail(dying, {.id = "m", .raw = "m", .received = clock_.now()});
      if (last_stage >= 1) (void)parse_stored(tools, settings_, parse_, "m");
      Filed filed;
      if (last_stage >= 2) filed = *file_parsed(tools, settings_, "m");
      if (last_stage >= 3) (void)notify_staff(tools, settings_, filed.case_id);
      if (last_stage >= 4) (void)acknowledge_reporter(tools, settings_, filed.case_id);
    }
    c_ = store.connect();
    EXPECT_EQ(count("mail WHERE stage = 'stored'"), last_stage == 0 ? 1 : 0);
    EXPECT_EQ(count("cases"), last_stage >= 2 ? 1 : 0);
    EXPECT_EQ(count("outbox"), last_stage < 3 ? 0 : last_stage == 3 ? 2 : 3);
    run();
    run();
    expect_one_of_each();
  }
}

// The store fails in the middle of a stage: at each table that a stage writes.
TEST_P(MailArrived, DyingWithinAStageLeavesNoHalfOfIt) {
  for (const char* table : {"cases", "promise", "case_message_id", "history", "history_detail",
                            "acknowledgment", "outbox"}) {
    SCOPED_TRACE(table);
    test::TestStore store{GetParam(), test::intake_tables()};
    c_ = store.connect();
    read_["m"] = a_report();
    test::put_mail(c_, {.id = "m", .raw = "m", .received = clock_.now()});
    const std::string away = "ALTER TABLE " + std::string{table} + " RENAME TO away";
    const std::string back = "ALTER TABLE away RENAME TO " + std::string{table};
    ASSERT_TRUE(c_.execute(store::Sql{"away", away}));
    (void)mails_arrived(tools_, settings_, parse_, stop_);
    ASSERT_TRUE(c_.execute(store::Sql{"back", back}));
    EXPECT_EQ(count("outbox WHERE kind = 'acknowledgment'"), count("acknowledgment"));
    EXPECT_EQ(count("cases"), count("mail WHERE stage = 'filed'"));
    run();
    run();
    expect_one_of_each();
  }
}

TEST_P(MailArrived, AMailThatFailsDoesNotStopTheNext) {
  const std::string bad = arrive(a_report("eve@example.net"));
  unreadable_.insert(bad);
  clock_.at += 1s;
  const std::string good = arrive(a_report());
  EXPECT_EQ(run().stuck, 1);
  EXPECT_EQ(case_of(good).state, "open");
  EXPECT_EQ(mails_.find(bad)->stage, "stored");
  EXPECT_EQ(desk_.audit()->mails_to_file, 0);
  clock_.at += 2h;
  EXPECT_EQ(desk_.audit()->mails_to_file, 1);
  unreadable_.clear();
  EXPECT_EQ(run().stuck, 0);
  EXPECT_EQ(case_of(bad).state, "open");
  EXPECT_EQ(count("cases"), 2);
}

TEST_P(MailArrived, WithoutAParserChildNothingIsLost) {
  arrive(a_report());
  const ParseMail no_child = [](std::string_view) -> Result<mail::ParsedMail> {
    return Error{Fault::unavailable, "no process"};
  };
  EXPECT_EQ(mails_arrived(tools_, settings_, no_child, stop_).error().fault(), Fault::unavailable);
  EXPECT_EQ(count("mail WHERE stage = 'stored'"), 1);
  run();
  expect_one_of_each();
}

TEST_P(MailArrived, AStopEndsItBetweenTwoMails) {
  arrive(a_report());
  arrive(a_report());
  StopSignal stop;
  const ParseMail stopping = [&](std::string_view raw) {
    stop.request();
    return parse_(raw);
  };
  EXPECT_EQ(mails_arrived(tools_, settings_, stopping, stop)->filed, 1);
  EXPECT_EQ(run().filed, 1);
}

TEST_P(MailArrived, ManyMailsAreTakenInPages) {
  for (int i = 0; i < 120; ++i) arrive(a_report("r" + std::to_string(i) + "@example.com"));
  settings_.acknowledgments_per_hour = 1000;
  const Arrived arrived = run();
  EXPECT_EQ(arrived.opened, 120);
  EXPECT_EQ(arrived.queued, 360);
}

struct FirstDay {
  const char* name;
  std::chrono::milliseconds ago;
  const char* state;
  const char* because;
};

TEST_P(MailArrived, WhatIsOlderThanADayIsNotAcknowledged) {
  for (const FirstDay& row :
       {FirstDay{"just now", 0ms, "queued", ""}, FirstDay{"a day", 24h, "queued", ""},
        FirstDay{"a day and a moment", 24h + 1ms, "not_owed", "old"},
        FirstDay{"a year", 24h * 365, "not_owed", "old"}}) {
    SCOPED_TRACE(row.name);
    const Case c = case_after(
        a_report(std::string{row.state} + std::to_string(row.ago.count()) + "@example.com"),
        {.ago = row.ago});
    EXPECT_EQ(c.state, "open");
    EXPECT_EQ(c.acknowledgment, row.state);
    EXPECT_EQ(c.acknowledgment_because, row.because);
    EXPECT_EQ(c.received, clock_.now() - row.ago);
  }
}

TEST_P(MailArrived, StaffMayOrderAnAcknowledgmentAllTheSame) {
  const Case c = case_after(a_report(), {.ago = 48h});
  EXPECT_EQ(queued("acknowledgment").size(), 0U);
  ASSERT_TRUE(desk_.acknowledge(c.id, kAda));
  run();
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
  EXPECT_EQ(now(c).acknowledgment, "queued");
  EXPECT_EQ(desk_.acknowledge(c.id, kAda).error().fault(), Fault::conflict);
  run();
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
}

TEST_P(MailArrived, AnAnsweredCaseIsNotAcknowledgedAnyMore) {
  settings_.acknowledgments_per_hour = 0;
  const Case c = case_after(a_report());
  EXPECT_EQ(now(c).acknowledgment, "over_budget");
  ASSERT_TRUE(desk_.acknowledge(c.id, kAda));
  answer(c);
  run();
  EXPECT_EQ(queued("acknowledgment").size(), 0U);
  EXPECT_EQ(now(c).acknowledgment_because, "answered");
}

TEST_P(MailArrived, AVulnerabilityIsPromisedItsTriageToo) {
  const Case c = case_after(a_report(kAnn, "SECURITY URGENT: Haven DNS leaks"));
  EXPECT_EQ(c.kind, "vulnerability");
  EXPECT_TRUE(c.urgent);
  const auto promised = promises(c);
  ASSERT_EQ(promised.size(), 2U);
  EXPECT_EQ(promised[0].kind, "response");
  EXPECT_EQ(promised[1].kind, "triage");
  EXPECT_EQ(to_rfc3339(promised[1].due), "2026-12-04T00:00:00Z");
  EXPECT_NE(queued("acknowledgment")[0].message.find("bug bounty"), std::string::npos);
  for (const Queued& notice : queued("notice"))
    EXPECT_NE(notice.message.find("URGENT"), std::string::npos);
}

TEST_P(MailArrived, AnEncryptedMailIsUrgentAndAskedNothing) {
  mail::ParsedMail mail = a_report();
  mail.encrypted = true;
  mail.text = "-----BEGIN PGP MESSAGE-----";
  const Case c = case_after(mail);
  EXPECT_TRUE(c.urgent);
  EXPECT_TRUE(c.encrypted);
  ASSERT_EQ(queued("acknowledgment").size(), 1U);
  EXPECT_EQ(queued("acknowledgment")[0].message.find("help us to know"), std::string::npos);
  EXPECT_EQ(queued("notice")[0].message.find("BEGIN PGP"), std::string::npos);
}

TEST_P(MailArrived, ALookPromisesNothingAndTellsNobody) {
  const Case c = case_after(a_report(), {.folder = "\\Junk"});
  EXPECT_EQ(c.state, "look");
  EXPECT_EQ(c.look_because, "junk_folder");
  EXPECT_TRUE(promises(c).empty());
  EXPECT_EQ(count("outbox"), 0);
  EXPECT_EQ(c.acknowledgment_because, "look");
}

TEST_P(MailArrived, ALookThatAPersonCallsAReportIsOneWithItsTrueArrivalTime) {
  const Case look = case_after(a_report(), {.ago = 2h, .folder = "\\Junk"});
  clock_.at += 3h;
  ASSERT_TRUE(desk_.report(look.id, kAda));
  run();
  const Case c = now(look);
  EXPECT_EQ(c.state, "open");
  EXPECT_EQ(promises(c)[0].start, look.received);
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
  EXPECT_EQ(queued("notice").size(), 2U);
  EXPECT_EQ(kinds_of_history(c),
            (std::vector<std::string>{"opened", "mail", "report", "acknowledged"}));
}

TEST_P(MailArrived, WhatCannotBeReadOrAnsweredIsKeptWithAMark) {
  mail::ParsedMail mail = a_report("");
  mail.message_id.clear();
  const Case nobody = case_after(mail);
  EXPECT_TRUE(is_marked(nobody, "nobody can be answered"));
  EXPECT_EQ(nobody.acknowledgment, "not_owed");

  const Case large = case_after(a_report(), {.truncated = true});
  EXPECT_TRUE(is_marked(large, "too large, see mailbox"));

  mail::ParsedMail deep = a_report("deep@example.com");
  deep.unparsed = true;
  deep.unparsed_because = "too_deep";
  EXPECT_TRUE(is_marked(case_after(deep), "could not be read in full: see the raw mail"));

  mail::ParsedMail odd = a_report("\"a b\"@example.com");
  EXPECT_EQ(case_after(odd).reporter_address, "");
  EXPECT_EQ(count("mail WHERE stage <> 'filed'"), 0);
  EXPECT_EQ(count("mail WHERE case_id IS NULL"), 0);
}

TEST_P(MailArrived, HugeAndHostileTextsFitBothStores) {
  mail::ParsedMail mail = a_report();
  mail.text = std::string(3U << 20U, 'x');
  mail.subject = std::string(200'000, 's');
  mail.message_id = std::string(900, 'm');
  mail.from.name = std::string(100'000, 'n');
  const std::string id = arrive(mail);
  EXPECT_EQ(run().stuck, 0);
  EXPECT_LE(case_of(id).subject.size(), 500U);
  EXPECT_LT(mails_.find(id)->parsed.size(), 3U << 20U);
}

INSTANTIATE_TEST_SUITE_P(Stores, MailArrived, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
