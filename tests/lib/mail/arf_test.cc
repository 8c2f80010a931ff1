#include "lib/mail/dsn.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/mail/parse.h"

namespace trust::mail {
namespace {

std::string report(const std::string& fields) {
  return "From: fbl@example.net\nContent-Type: multipart/report; report-type=feedback-report; "
         "boundary=b\n\n--b\n\nAbuse.\n--b\nContent-Type: message/feedback-report\n\n" +
         fields + "\n--b--\n";
}

TEST(AbuseReport, GivesItsFields) {
  const ParsedMail mail = parse(
      report("Feedback-Type: Abuse\nSource-IP: 192.0.2.1\nOriginal-Rcpt-To: <U@example.net>\n"));
  ASSERT_TRUE(mail.arf);
  EXPECT_EQ(mail.arf->feedback_type, "abuse");
  EXPECT_EQ(mail.arf->source_ip, "192.0.2.1");
  EXPECT_EQ(mail.arf->original_rcpt, "u@example.net");
  EXPECT_TRUE(mail.must_not_ack);
  EXPECT_FALSE(mail.is_bounce);
}

TEST(AbuseReport, MayBeRedacted) {
  const ParsedMail mail = parse(report("Feedback-Type: fraud\n"));
  ASSERT_TRUE(mail.arf);
  EXPECT_EQ(mail.arf->original_rcpt, "");
}

TEST(AbuseReport, InsideAForwardedMailIsNotOurs) {
  const ParsedMail mail =
      parse("From: a@example.org\nContent-Type: message/rfc822\n\n" + report("Feedback-Type: x\n"));
  EXPECT_FALSE(mail.arf);
  EXPECT_FALSE(parse("From: a@example.org\n\nFeedback-Type: abuse\n").arf);
}

}  // namespace
}  // namespace trust::mail
