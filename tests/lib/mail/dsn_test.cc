#include "lib/mail/dsn.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/mail/parse.h"

namespace trust::mail {
namespace {

struct Failure {
  const char* name;
  std::string status, words;
  bool hard;
  std::string fault;
};
void PrintTo(const Failure& c, std::ostream* out) { *out << c.name; }
class FailureTest : public testing::TestWithParam<Failure> {};

TEST_P(FailureTest, IsSortedByCodeAndWords) {
  const Bounce b = judge_failure(GetParam().status, GetParam().words);
  EXPECT_EQ(b.hard, GetParam().hard);
  EXPECT_EQ(b.fault, GetParam().fault);
  EXPECT_EQ(b.status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FailureTest,
    testing::Values(
        Failure{"no_mailbox", "5.1.1", "", true, "address"},
        Failure{"no_domain", "5.1.2", "", true, "address"},
        Failure{"bad_syntax", "5.1.3", "", true, "address"},
        Failure{"moved", "5.1.6", "", true, "address"},
        Failure{"null_mx", "5.1.10", "", true, "address"},
        Failure{"disabled", "5.2.1", "", true, "mailbox"},
        Failure{"full", "5.2.2", "mailbox full", false, "mailbox"},
        Failure{"full_for_now", "4.2.2", "over quota", false, "mailbox"},
        Failure{"too_large", "5.3.4", "message too big", false, "content"},
        Failure{"length", "5.2.3", "", false, "content"},
        Failure{"content", "5.6.0", "", false, "content"},
        Failure{"virus", "5.7.0", "554 virus found", false, "content"},
        Failure{"policy", "5.7.1", "", false, "us"},
        Failure{"blocklist", "5.7.1", "554 blocked using zen.spamhaus.org", false, "us"},
        Failure{"private_relay", "5.1.1", "550 5.1.1 <x@example.org>: unauthorized sender", true,
                "us"},
        Failure{"sender_domain", "5.1.8", "", false, "us"},
        Failure{"temporary_unknown", "4.1.1", "450 4.1.1 user unknown", false, "address"},
        Failure{"timeout", "4.4.1", "connection timed out", false, "unknown"},
        Failure{"nothing", "", "", false, "unknown"},
        Failure{"words_alone", "", "550 No such user here", true, "address"},
        Failure{"words_unroutable", "", "Unrouteable address", true, "address"},
        Failure{"words_temporary", "", "450 user unknown, try later", false, "address"},
        Failure{"generic_code_words", "5.0.0", "550 user unknown", true, "address"},
        Failure{"words_disabled", "5.0.0", "account is disabled", true, "mailbox"},
        Failure{"spam_of_unknown_user", "5.7.1", "spam to user unknown", false, "us"}),
    [](const auto& one) { return std::string{one.param.name}; });

std::string report(const std::string& status_part, const std::string& words = "Not delivered.") {
  return "Return-Path: <>\nFrom: MAILER-DAEMON@example.net\nSubject: x\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n" +
         words + "\n--b\nContent-Type: message/delivery-status\n\n" + status_part + "\n--b--\n";
}

TEST(DeliveryReport, TakesTheStatusOnlyWhereItStands) {
  const ParsedMail none = parse(report("Final-Recipient: rfc822; a@example.org\nAction: failed\n"));
  ASSERT_EQ(none.bounces.size(), 1U);
  EXPECT_EQ(none.bounces[0].status, "");
  const ParsedMail diagnosed = parse(report(
      "Final-Recipient: rfc822; a@example.org\nAction: failed\nDiagnostic-Code: smtp; 550-5.1.1 "
      "gone (192.0.2.5.1.1)\n"));
  EXPECT_EQ(diagnosed.bounces.at(0).status, "5.1.1");
  const ParsedMail address = parse(
      report("Final-Recipient: rfc822; a@example.org\nAction: failed\nDiagnostic-Code: smtp; host "
             "5.1.1.5 is silent\n"));
  EXPECT_EQ(address.bounces.at(0).status, "") << "that is an IP address";
}

TEST(DeliveryReport, ReadsEveryBlockUpToAThousand) {
  std::string blocks = "Reporting-MTA: dns; example.net\n";
  for (int i = 0; i < 1200; ++i)
    blocks += "\nFinal-Recipient: rfc822; r" + std::to_string(i) +
              "@example.org\nAction: failed\nStatus: 5.1.1\n";
  const ParsedMail mail = parse(report(blocks));
  EXPECT_EQ(mail.bounces.size(), 1000U);
  EXPECT_EQ(mail.bounces[999].recipient, "r999@example.org");
}

TEST(DeliveryReport, KnowsTheRecipientByAnyOfItsFields) {
  EXPECT_EQ(parse(report("Original-Recipient: rfc822;A@example.org\nAction: failed\n"))
                .bounces.at(0)
                .recipient,
            "a@example.org");
  EXPECT_EQ(parse(report("Final-Recipient: LOCAL; ada\nOriginal-Recipient: rfc822;a@example.org\n"
                         "Action: failed\n"))
                .bounces.at(0)
                .recipient,
            "a@example.org");
  EXPECT_EQ(parse(report("Final-Recipient: rfc822; <a@example.org> (gone)\nAction: failed\n"))
                .bounces.at(0)
                .recipient,
            "a@example.org");
}

TEST(DeliveryReport, OfADelayIsSoftWhateverItsCode) {
  const ParsedMail mail =
      parse(report("Final-Recipient: rfc822; a@example.org\nAction: delayed\nStatus: 5.1.1\n"));
  ASSERT_TRUE(mail.is_bounce);
  EXPECT_FALSE(mail.bounces.at(0).hard);
}

struct Letter {
  const char* name;
  std::string raw;
  bool is_bounce;
  std::string bounces;
};
void PrintTo(const Letter& c, std::ostream* out) { *out << c.name; }
class LetterTest : public testing::TestWithParam<Letter> {};

TEST_P(LetterTest, IsReadWithoutAReportPart) {
  const ParsedMail mail = parse(GetParam().raw);
  std::string bounces;
  for (const Bounce& b : mail.bounces)
    bounces +=
        b.recipient + "," + b.status + "," + (b.hard ? "hard" : "soft") + "," + b.fault + ";";
  EXPECT_EQ(mail.is_bounce, GetParam().is_bounce);
  EXPECT_EQ(bounces, GetParam().bounces);
}

INSTANTIATE_TEST_SUITE_P(
    Table, LetterTest,
    testing::Values(
        Letter{"postfix",
               "From: MAILER-DAEMON@example.net\nSubject: Undelivered Mail Returned to Sender\n\n"
               "This is the mail system.\n\n<a@example.org>: host mx.example.org[192.0.2.7] "
               "said: 550\n    5.1.1 User unknown (in reply to RCPT TO command)\n\n"
               "<b@example.org>: mail for example.org loops back to myself\n",
               true, "a@example.org,5.1.1,hard,address;b@example.org,,soft,unknown;"},
        Letter{"postfix_delay",
               "From: MAILER-DAEMON@example.net\nSubject: Delayed Mail (still being retried)\n\n"
               "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n\n"
               "<a@example.org>: connect to mx.example.org[192.0.2.7]:25: Connection refused\n",
               true, "a@example.org,,soft,unknown;"},
        Letter{"exim_delay",
               "From: Mail Delivery System <Mailer-Daemon@example.net>\n"
               "Subject: Warning: message 1abc delayed 24 hours\n\nThis message was created "
               "automatically by mail delivery software.\nThe message has not yet been "
               "delivered to:\n\n  a@example.org\n    Delay reason: Connection timed out\n",
               true, "a@example.org,,soft,unknown;"},
        Letter{"sendmail",
               "From: Mail Delivery Subsystem <MAILER-DAEMON@example.net>\nSubject: Returned mail: "
               "see transcript for details\n\n   ----- The following addresses had permanent fatal "
               "errors -----\n<a@example.org>\n    (reason: 550 5.1.1 <a@example.org>... User "
               "unknown)\n",
               true, "a@example.org,5.1.1,hard,address;"},
        Letter{
            "exchange",
            "From: postmaster@example.net\nSubject: Undeliverable: x\n\nYour message did not "
            "reach some or all of the intended recipients.\n\n      'a@example.org' on 11/24/2026"
            " 10:00 AM\n            The e-mail account does not exist.\n",
            true, "a@example.org,,hard,address;"},
        Letter{"no_recipient_named",
               "From: postmaster@example.net\nSubject: Undeliverable\n\nIt was 550 5.2.2 full.\n",
               true, ",5.2.2,soft,mailbox;"},
        Letter{"a_person_shows_one",
               "From: ada@example.org\nSubject: Fwd: Undelivered Mail Returned to Sender\n\n"
               "I got this:\n<a@example.org>: 550 5.1.1 User unknown\n",
               false, ""},
        Letter{"a_postmaster_writes", "From: postmaster@example.net\nSubject: hello\n\nHello.\n",
               false, ""},
        Letter{"vacation_with_null_path",
               "Return-Path: <>\nFrom: ada@example.org\nSubject: Out of office\n\nBack soon.\n",
               false, ""}),
    [](const auto& one) { return std::string{one.param.name}; });

}  // namespace
}  // namespace trust::mail
