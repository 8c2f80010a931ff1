#include "lib/mail/parse.h"
#include "tests/fakes/python_mail.h"
#include "tests/intake/flow/flow_world.h"

namespace trust::intake {
namespace {

class Acknowledgments : public FlowWorld {};

TEST_P(Acknowledgments, SEC_6_HoldNotOneWordOfTheReport) {
  mail::ParsedMail mail = a_report(kAnn, "canary-subject https://evil.example.net/canary-link");
  mail.from.name = "canary-name";
  mail.text = "canary-text 123456 is your canary-code. https://evil.example.net/verify";
  mail.attachments = {{.name = "canary-file.pdf", .type = "application/pdf"}};
  mail.cc = {"canary-cc@example.net"};
  mail.reply_to = {{"canary-reply", "canary-reply@example.net"}};
  case_after(mail);
  const auto rows = queued("acknowledgment");
  ASSERT_EQ(rows.size(), 1U);
  const test::PythonMail read = test::read_by_python(rows[0].message);
  std::string all = rows[0].message + read.text;
  for (const auto& [name, value] : read.fields) all += value + "\n";
  for (const char* word : {"canary", "evil", "123456", "verify"})
    EXPECT_EQ(find_ignoring_case(all, word), std::string::npos) << word;
  EXPECT_LE(read.text.size(), 4096U);
  EXPECT_EQ(rows[0].recipient, kAnn);
}

struct Silent {
  const char* name;
  std::string fields;
  const char* state;  ///< of the case
  bool acknowledged = false;
};

TEST_P(Acknowledgments, SEC_49_AreNotSentToMachinesListsAndOurselves) {
  const Silent kRows[] = {
      {"a person", "From: p1@example.com\r\n", "open", true},
      {"Auto-Submitted: no", "From: p2@example.com\r\nAuto-Submitted: no\r\n", "open", true},
      {"null return path", "Return-Path: <>\r\nFrom: a@example.com\r\n", "look"},
      {"auto-replied", "From: a@example.com\r\nAuto-Submitted: auto-replied\r\n", "look"},
      {"with parameters", "From: a@example.com\r\nAuto-Submitted: auto-generated; x=y (why)\r\n",
       "look"},
      {"precedence", "From: a@example.com\r\nPrecedence: bulk\r\n", "look"},
      {"junk precedence", "From: a@example.com\r\nPrecedence: junk\r\n", "look"},
      {"list", "From: a@example.com\r\nList-Id: <l.example.com>\r\n", "look"},
      {"list help", "From: a@example.com\r\nList-Help: <mailto:x@example.com>\r\n", "look"},
      {"mailer-daemon", "From: MAILER-DAEMON@example.com\r\n", "look"},
      {"postmaster", "From: postmaster@example.com\r\n", "look"},
      {"no-reply", "From: no-reply@example.com\r\n", "look"},
      {"noreply", "From: noreply@example.com\r\n", "look"},
      {"asks for silence", "From: a@example.com\r\nX-Auto-Response-Suppress: All\r\n", "open"},
      {"ourselves", "From: security@example.org\r\n", "look"},
      {"ourselves, shouted", "From: SECURITY@EXAMPLE.ORG\r\n", "look"},
      {"a signed address of ours", "From: security+aaaa@example.org\r\n", "open"},
      {"nobody", "", "look"},
  };
  std::size_t acknowledged = 0;
  int n = 0;
  for (const Silent& row : kRows) {
    SCOPED_TRACE(row.name);
    const Case c = case_after(mail::parse(
        row.fields + "To: security@example.org\r\nSubject: Haven DNS\r\nMessage-ID: <m" +
        std::to_string(++n) + "@example.com>\r\n\r\nHaven DNS is slow since this morning.\r\n"));
    EXPECT_EQ(c.state, row.state);
    if (row.acknowledged) ++acknowledged;
    EXPECT_EQ(queued("acknowledgment").size(), acknowledged);
    EXPECT_EQ(c.acknowledgment, row.acknowledged ? "queued" : "not_owed");
  }
}

struct BudgetRow {
  const char* name;
  const char* dmarc;
  CaseStore::Given given;
  int per_hour;
  const char* says;
};

TEST(Budget, Table) {
  for (const BudgetRow& row : {
           BudgetRow{"first", "", {0, 0}, 60, ""},
           BudgetRow{"second to an unverified address", "", {1, 0}, 60, "address_day"},
           BudgetRow{"dmarc=fail is as good as none", "fail", {1, 0}, 60, "address_day"},
           BudgetRow{"dmarc=none too", "none", {1, 0}, 60, "address_day"},
           BudgetRow{"tenth to a verified one", "pass", {9, 0}, 60, ""},
           BudgetRow{"eleventh to a verified one", "pass", {10, 0}, 60, "address_day"},
           BudgetRow{"sixtieth in the hour", "", {0, 59}, 60, ""},
           BudgetRow{"sixty-first in the hour", "", {0, 60}, 60, "all_hour"},
           BudgetRow{"verified ones do not mind the hour", "pass", {0, 1000}, 60, ""},
           BudgetRow{"a budget of none", "", {0, 0}, 0, "all_hour"},
       })
    EXPECT_EQ(over_budget(row.dmarc, row.given, row.per_hour), row.says) << row.name;
}

TEST_P(Acknowledgments, SEC_50_ForgedSendersAreNotFlooded) {
  settings_.acknowledgments_per_hour = 5;
  const auto to = [&](const std::string& address) {
    int n = 0;
    for (const Queued& row : queued("acknowledgment"))
      if (without_extension(row.recipient) == address) ++n;
    return n;
  };
  // One victim, under many names of one mailbox.
  for (int i = 0; i < 20; ++i) arrive(a_report("victim+" + std::to_string(i) + "@example.com"));
  run();
  EXPECT_EQ(to("victim@example.com"), 1);
  // Many victims.
  for (int i = 0; i < 20; ++i) arrive(a_report("v" + std::to_string(i) + "@example.com"));
  run();
  EXPECT_EQ(queued("acknowledgment").size(), 5U);
  EXPECT_EQ(count("cases WHERE state = 'open'"), 40);
  EXPECT_EQ(desk_.counts()->not_acknowledged, 35);
  // Verified senders have a budget of their own.
  for (int i = 0; i < 12; ++i) {
    mail::ParsedMail mail = a_report("real@example.com");
    verify_sender(mail);
    arrive(mail);
  }
  run();
  EXPECT_EQ(to("real@example.com"), 10);
  // The next hour: other addresses, not the victim again. The next day: once more.
  clock_.at += 61min;
  arrive(a_report("victim@example.com"));
  arrive(a_report("next@example.com"));
  run();
  EXPECT_EQ(to("victim@example.com"), 1);
  EXPECT_EQ(to("next@example.com"), 1);
  clock_.at += 24h;
  arrive(a_report("victim@example.com"));
  run();
  EXPECT_EQ(to("victim@example.com"), 2);
}

TEST_P(Acknowledgments, OverTheBudgetTheCaseSaysSo) {
  case_after(a_report());
  const Case second = case_after(a_report());
  EXPECT_EQ(second.acknowledgment, "over_budget");
  EXPECT_EQ(second.acknowledgment_because, "address_day");
  EXPECT_EQ(promises(second).size(), 1U);
  EXPECT_EQ(kinds_of_history(second).back(), "not_acknowledged");
  ASSERT_TRUE(desk_.acknowledge(second.id, kAda));
  run();
  EXPECT_EQ(now(second).acknowledgment, "queued");
}

// What comes back.

TEST_P(Acknowledgments, SEC_51_TwoInstancesDoNotTalkForEver) {
  const Case c = case_after(a_report("security@example.net"));
  // Their acknowledgment of ours: automatic, in our thread.
  mail::ParsedMail theirs = a_report("security@example.net", "[TM-ZZZZZZ] We have your report");
  theirs.must_not_ack = theirs.must_not_ack_apart_from_list = theirs.is_auto_reply = true;
  theirs.in_reply_to = {queued("acknowledgment")[0].message_id};
  theirs.references = {thread(c)};
  for (int i = 0; i < 5; ++i) {
    theirs.text = "round " + std::to_string(i);
    EXPECT_EQ(case_after(theirs).id, c.id);
  }
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
  EXPECT_EQ(count("cases"), 1);
  EXPECT_EQ(promises(c).size(), 1U);
}

struct Returned {
  const char* name;
  bool hard;
  bool answered;
  const char* state;
};

TEST_P(Acknowledgments, ABounceIsLinkedByItsToken) {
  int n = 0;
  for (const Returned& row : {Returned{"hard, open", true, false, "open"},
                              Returned{"soft, answered", false, true, "answered"},
                              Returned{"hard, answered", true, true, "open"}}) {
    SCOPED_TRACE(row.name);
    const Case c = case_after(a_report("b" + std::to_string(++n) + "@example.com"));
    if (row.answered) answer(c);
    const auto before = promises(c).size();
    mail::ParsedMail bounce = a_report("mailer-daemon@example.com", "Undelivered");
    bounce.is_bounce = bounce.must_not_ack = bounce.must_not_ack_apart_from_list = true;
    bounce.to = {signed_address(c)};
    bounce.bounces = {{.recipient = "b@example.com", .status = "5.1.1", .hard = row.hard}};
    const std::string id = arrive(bounce);
    run();
    EXPECT_EQ(case_of(id).id, c.id);
    EXPECT_EQ(relation_of(id), "bounce");
    EXPECT_EQ(now(c).state, row.state);
    EXPECT_EQ(is_marked(c, "a mail of ours did not reach the reporter"), row.hard);
    EXPECT_EQ(promises(c).size(), before);
  }
}

TEST_P(Acknowledgments, AMachinesAnswerMovesNothing) {
  const Case c = case_after(a_report());
  answer(c);
  mail::ParsedMail away = a_report(kAnn, "Out of office");
  away.is_auto_reply = away.must_not_ack = away.must_not_ack_apart_from_list = true;
  away.references = {thread(c)};
  const std::string id = arrive(away);
  run();
  EXPECT_EQ(case_of(id).id, c.id);
  EXPECT_EQ(relation_of(id), "auto_reply");
  EXPECT_EQ(now(c).state, "answered");
  EXPECT_EQ(promises(c).size(), 1U);
}

TEST_P(Acknowledgments, MachinesWithoutATokenAreKeptAsLooks) {
  for (const bool is_bounce : {false, true}) {
    mail::ParsedMail mail = a_report("robot@example.com", "Automatic " + std::to_string(is_bounce));
    mail.must_not_ack = mail.must_not_ack_apart_from_list = true;
    mail.is_bounce = is_bounce;
    mail.is_auto_reply = !is_bounce;
    const Case c = case_after(mail);
    EXPECT_EQ(c.state, "look");
    EXPECT_EQ(c.look_because, is_bounce ? "bounce" : "auto_reply");
  }
  EXPECT_EQ(count("outbox"), 0);
}

TEST_P(Acknowledgments, OurOwnMailThatComesBackIsLinkedAndNothingMore) {
  const Case c = case_after(a_report());
  answer(c);
  mail::ParsedMail ours = a_report(kUs, "[" + c.id + "] We have your report");
  ours.message_id = queued("acknowledgment")[0].message_id;
  const std::string id = arrive(ours);
  run();
  EXPECT_EQ(case_of(id).id, c.id);
  EXPECT_EQ(relation_of(id), "ours");
  EXPECT_EQ(now(c).state, "answered");
  EXPECT_EQ(count("cases"), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, Acknowledgments, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
