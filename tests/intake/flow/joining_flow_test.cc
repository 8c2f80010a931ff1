#include "lib/mail/parse.h"
#include "tests/intake/flow/flow_world.h"

namespace trust::intake {
namespace {

class JoiningFlow : public FlowWorld {
 protected:
  mail::ParsedMail a_reply(const Case& c, const std::string& from = kAnn) {
    mail::ParsedMail mail = a_report(from, "Re: " + c.subject);
    mail.text = "More about it, number " + mail.message_id;
    mail.references = {thread(c)};
    return mail;
  }
};

TEST_P(JoiningFlow, AFurtherMailOnAnOpenCaseMovesNoClock) {
  const Case c = case_after(a_report());
  const auto before = promises(c);
  clock_.at += 20h;
  const std::string id = arrive(a_reply(c));
  run();
  EXPECT_EQ(case_of(id).id, c.id);
  EXPECT_EQ(relation_of(id), "follow_up");
  EXPECT_EQ(count("cases"), 1);
  ASSERT_EQ(promises(c).size(), 1U);
  EXPECT_EQ(promises(c)[0].due, before[0].due);
  EXPECT_TRUE(promises(c)[0].is_open());
  EXPECT_EQ(now(c).version, c.version);
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
  EXPECT_EQ(queued("notice").size(), 2U);
}

TEST_P(JoiningFlow, OnAnAnsweredCaseItIsPromisedAnotherAnswer) {
  const Case c = case_after(a_report());
  answer(c);
  clock_.at += 72h;  // Friday
  const std::string id = arrive(a_reply(c));
  run();
  EXPECT_EQ(case_of(id).id, c.id);
  EXPECT_EQ(now(c).state, "open");
  const auto promised = promises(c);
  ASSERT_EQ(promised.size(), 2U);
  EXPECT_TRUE(promised[0].met);
  EXPECT_TRUE(promised[1].is_open());
  EXPECT_EQ(to_rfc3339(promised[1].due), "2026-12-03T00:00:00Z");
  EXPECT_EQ(queued("acknowledgment").size(), 1U);  // one for each case
  const auto notices = queued("notice");
  ASSERT_EQ(notices.size(), 4U);
  EXPECT_NE(notices[2].message.find("wrote again"), std::string::npos);
  run();
  EXPECT_EQ(queued("notice").size(), 4U);
  EXPECT_EQ(*HistoryStore{c_}.verify_all(), "");
}

TEST_P(JoiningFlow, AnUrgentFollowUpRaisesTheCase) {
  const Case c = case_after(a_report());
  mail::ParsedMail mail = a_reply(c);
  mail.subject = "SECURITY URGENT: it is worse";
  case_after(mail);
  EXPECT_TRUE(now(c).urgent);
  EXPECT_EQ(now(c).kind, "vulnerability");
  ASSERT_EQ(promises(c).size(), 2U);
  EXPECT_EQ(queued("notice").size(), 4U);
}

TEST_P(JoiningFlow, ALookWhoseReporterProvesTheThreadIsAReport) {
  const Case look = case_after(a_report(), {.folder = "\\Junk"});
  case_after(a_reply(look));
  EXPECT_EQ(now(look).state, "open");
  EXPECT_EQ(promises(look)[0].start, look.received);
}

TEST_P(JoiningFlow, AJunkMailWithATokenJoins) {
  const Case c = case_after(a_report());
  EXPECT_EQ(case_after(a_reply(c), {.folder = "\\Junk"}).id, c.id);
}

// --- SECURITY.md, threading and identity ---

TEST_P(JoiningFlow, SEC_1_AGuessedThreadIdOpensANewCase) {
  const Case c = case_after(a_report());
  const Keyring foreign = Keyring::from_secret("guessed");
  for (const std::string& id : {thread_reference(foreign, c.id, "example.org"),
                                std::string{"case-17@example.org"}, c.id + "@example.org"}) {
    mail::ParsedMail mail = a_report("eve@example.net", "Re: " + c.subject);
    mail.in_reply_to = mail.references = {id};
    const Case other = case_after(mail);
    EXPECT_NE(other.id, c.id);
    EXPECT_EQ(promises(other).size(), 1U);
    EXPECT_EQ(is_marked(other, "forged thread id"), id.starts_with("tm-"));
  }
  // The control: with the right MAC it joins.
  EXPECT_EQ(case_after(a_reply(c)).id, c.id);
}

TEST_P(JoiningFlow, SEC_2_AForgedNoticeIdNeverMakesAStaffAction) {
  const Case c = case_after(a_report());
  mail::ParsedMail mail = a_report(kAda, "Re: notice");
  const Keyring foreign = Keyring::from_secret("guessed");
  mail.in_reply_to = {new_message_id(foreign, c.id, "example.org")};
  const Case other = case_after(mail);
  EXPECT_NE(other.id, c.id);
  EXPECT_TRUE(is_marked(other, "forged thread id"));
  EXPECT_EQ(now(c).state, "open");
  EXPECT_TRUE(promises(c)[0].is_open());
}

TEST_P(JoiningFlow, SEC_4_AStrangerWithTheTokenChangesNobody) {
  const Case c = case_after(a_report());
  mail::ParsedMail mail = a_reply(c, "eve@example.net");
  mail.reply_to = {{"", "eve@example.net"}};
  const std::string id = arrive(mail);
  run();
  EXPECT_EQ(case_of(id).id, c.id);
  EXPECT_EQ(relation_of(id), "other_address");
  EXPECT_EQ(now(c).reporter_address, kAnn);
  EXPECT_TRUE(is_marked(c, "also written to from another address"));
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
  // A second mail of the stranger is no proof by the first.
  mail::ParsedMail again = a_report("eve@example.net", "hello");
  again.in_reply_to = {mail.message_id};
  EXPECT_NE(case_after(again).id, c.id);
  answer(c);
  EXPECT_EQ(queued("answer")[0].recipient, kAnn);
}

TEST_P(JoiningFlow, SEC_5_ANumberInTheSubjectProvesNothing) {
  const Case c = case_after(a_report());
  for (const std::string& from : {std::string{"eve@example.net"}, kAnn}) {
    const Case other = case_after(a_report(from, "Re: [" + c.id + "] We have your report"));
    EXPECT_NE(other.id, c.id);
    EXPECT_EQ(promises(other).size(), 1U);
  }
}

TEST_P(JoiningFlow, SEC_7_ACarbonCopyIsNeverAdded) {
  mail::ParsedMail mail = a_report();
  mail.cc = {"eve@example.net"};
  const Case c = case_after(mail);
  answer(c);
  for (const char* kind : {"acknowledgment", "notice", "answer"})
    for (const Queued& row : queued(kind)) {
      EXPECT_NE(row.recipient, "eve@example.net");
      EXPECT_EQ(row.message.find("eve@example.net"), std::string::npos);
    }
  // Nor does an answer repeat what staff told each other.
  EXPECT_EQ(queued("answer")[0].message.find("trust-intake"), std::string::npos);
}

struct IdRow {
  const char* name;
  std::string from;
  const char* dmarc;
  bool joins;
};

TEST_P(JoiningFlow, AMessageIdAloneProvesLittle) {
  for (const IdRow& row :
       {IdRow{"the reporter", kAnn, "", true}, IdRow{"the reporter, verified", kAnn, "pass", true},
        IdRow{"the reporter, forged", kAnn, "fail", false},
        IdRow{"another", "eve@example.net", "", false},
        IdRow{"another, verified", "eve@example.net", "pass", false}}) {
    SCOPED_TRACE(row.name);
    mail::ParsedMail first = a_report();
    const Case c = case_after(first);
    mail::ParsedMail mail = a_report(row.from, "Re: x");
    mail.in_reply_to = {first.message_id};
    if (*row.dmarc != '\0') verify_sender(mail, row.dmarc);
    const Case after = case_after(mail);
    EXPECT_EQ(after.id == c.id, row.joins);
    EXPECT_EQ(is_marked(after, "claims to belong to " + c.id), !row.joins);
  }
}

TEST_P(JoiningFlow, ATokenForACaseThatIsGoneProvesNothing) {
  Case gone;
  gone.id = "TM-ZZZZZZ";
  gone.subject = "x";
  const Case c = case_after(a_reply(gone));
  EXPECT_EQ(c.state, "open");
  EXPECT_FALSE(is_marked(c, "forged thread id"));
}

TEST_P(JoiningFlow, StaffWhoAnswerTheirNoticeReachTheCaseAndReopenNothing) {
  const Case c = case_after(a_report());
  answer(c);
  mail::ParsedMail mail = a_report(kAda, "Re: [" + c.id + "] Haven DNS is slow");
  mail.in_reply_to = {queued("notice")[0].message_id};
  const std::string id = arrive(mail);
  run();
  EXPECT_EQ(case_of(id).id, c.id);
  EXPECT_EQ(relation_of(id), "other_address");
  EXPECT_EQ(now(c).state, "answered");
  EXPECT_EQ(count("cases"), 1);
}

// --- copies and doubles ---

TEST_P(JoiningFlow, TheSameContentTwiceIsOneCase) {
  const mail::ParsedMail mail = a_report();
  const Case c = case_after(mail);
  const std::string copy = arrive(mail, {.ago = 5min});
  run();
  EXPECT_EQ(case_of(copy).id, c.id);
  EXPECT_EQ(relation_of(copy), "copy");
  EXPECT_EQ(count("cases"), 1);
  EXPECT_EQ(promises(c).size(), 1U);
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
  EXPECT_EQ(queued("notice").size(), 2U);
}

TEST_P(JoiningFlow, ACopyOfAnAnsweredReportReopensNothing) {
  const mail::ParsedMail mail = a_report();
  const Case c = case_after(mail);
  answer(c);
  case_after(mail);
  EXPECT_EQ(now(c).state, "answered");
}

TEST_P(JoiningFlow, ACopyOutsideTheJunkFolderMakesTheLookAReport) {
  const mail::ParsedMail mail = a_report();
  const Case look = case_after(mail, {.folder = "\\Junk"});
  EXPECT_EQ(look.state, "look");
  case_after(mail);
  EXPECT_EQ(now(look).state, "open");
  EXPECT_EQ(promises(look).size(), 1U);
  EXPECT_EQ(queued("acknowledgment").size(), 1U);
}

TEST_P(JoiningFlow, SEC_63_AReusedMessageIdSuppressesNobody) {
  const mail::ParsedMail first = a_report();
  mail::ParsedMail second = a_report("eve@example.net", "Something else");
  second.message_id = first.message_id;
  mail::ParsedMail third = first;
  third.text = "The same sender, other words.";
  const Case a = case_after(first);
  const Case b = case_after(second);
  const Case c = case_after(third);
  EXPECT_EQ((std::set<std::string>{a.id, b.id, c.id}).size(), 3U);
  for (const Case& each : {a, b, c}) EXPECT_EQ(promises(each).size(), 1U);
  EXPECT_FALSE(is_marked(a, "another mail has the same Message-ID"));
  EXPECT_TRUE(is_marked(b, "another mail has the same Message-ID"));
  EXPECT_TRUE(is_marked(c, "another mail has the same Message-ID"));
}

TEST_P(JoiningFlow, SEC_62_OfDoubledFieldsTheFirstCountsAndStaffAreTold) {
  const auto twice = [&](const std::string& second) {
    return case_after(
        mail::parse("From: ann@example.com\r\nTo: security@example.org\r\n"
                    "Subject: first\r\nMessage-ID: <a" +
                    std::to_string(second.size()) + "@example.com>\r\n" + second +
                    "\r\nHaven DNS is slow since an hour.\r\n"));
  };
  const Case c =
      twice("From: eve@example.net\r\nSubject: second\r\nMessage-Id: <b@example.net>\r\n");
  for (const char* name : {"from", "subject", "message-id"})
    EXPECT_TRUE(is_marked(c, "header field twice: " + std::string{name})) << name;
  EXPECT_EQ(c.reporter_address, kAnn);
  EXPECT_EQ(c.subject, "first");
  EXPECT_TRUE(twice("X-Other: 1\r\nX-Other: 2\r\n").marks.empty());
}

TEST_P(JoiningFlow, SEC_65_TheDateFieldMovesNoClock) {
  for (const char* date : {"1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z"}) {
    mail::ParsedMail mail = a_report(std::string{date, 4} + "@example.com");
    mail.date = *parse_rfc3339(date);
    const Case c = case_after(mail);
    EXPECT_EQ(c.received, clock_.now());
    EXPECT_EQ(to_rfc3339(promises(c)[0].due), "2026-11-28T00:00:00Z");
    EXPECT_EQ(c.acknowledgment, "queued");
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, JoiningFlow, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
