#include "lib/mail/parse.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "lib/base/text.h"

namespace trust::mail {
namespace {

const std::string kMail =
    "From: Ada <ada@example.org>\nDate: Tue, 24 Nov 2026 10:00:00 +0000\nMessage-ID: "
    "<a@example.org>\nSubject: Haven\n is down\nTo: security@example.com\n\nbody\nmore\n";

struct Variant {
  const char* name;
  std::string raw;
  bool same;
};
void PrintTo(const Variant& v, std::ostream* out) { *out << v.name; }
class ContentDigestTest : public testing::TestWithParam<Variant> {};

TEST_P(ContentDigestTest, IsTheSameForEachCopyOfAMailAndNoOther) {
  EXPECT_EQ(parse(GetParam().raw).content_sha256 == parse(kMail).content_sha256, GetParam().same);
  EXPECT_EQ(parse_header_only(GetParam().raw, "crashed").content_sha256,
            parse(GetParam().raw).content_sha256);
  EXPECT_EQ(parse_hardly(GetParam().raw, "crashed").content_sha256,
            parse(GetParam().raw).content_sha256);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ContentDigestTest,
    testing::Values(
        Variant{"itself", kMail, true}, Variant{"crlf", replace_all(kMail, "\n", "\r\n"), true},
        Variant{"another_path",
                "Return-Path: <x@example.org>\nDelivered-To: b@example.com\nReceived: from a by "
                "b;\n Tue, 24 Nov 2026 10:00:00 +0000\nX-Spam: no\n" +
                    kMail,
                true},
        Variant{"folded_otherwise", replace_all(kMail, "Haven\n is", "Haven is"), true},
        Variant{"more_line_ends", kMail + "\n\n", true},
        Variant{"other_recipient", replace_all(kMail, "security@", "bugs@"), true},
        Variant{"other_sender", replace_all(kMail, "ada@", "eve@"), false},
        Variant{"other_id", replace_all(kMail, "<a@", "<b@"), false},
        Variant{"other_date", replace_all(kMail, "10:00:00", "10:00:01"), false},
        Variant{"other_subject", replace_all(kMail, "Haven", "Heaven"), false},
        Variant{"other_body", replace_all(kMail, "more", "less"), false},
        Variant{"one_line_more_within", replace_all(kMail, "body\n", "body\n\n"), false}),
    [](const auto& one) { return std::string{one.param.name}; });

TEST(Parse, ReadsWhoAndWhen) {
  const ParsedMail m = parse(
      "Received: by mx.example.com (x; y); Tue, 24 Nov 2026 10:00:05 +0000\n"
      "Received: by mx.example.org; Tue, 24 Nov 2026 09:00:00 +0000\n"
      "Delivered-To: Bounces+X@example.com\nX-Original-To: bounces+y@example.com\n"
      "Return-Path: <ada@example.org>\nReply-To: Ada <reply@example.org>\nCc: c@example.org\n"
      "In-Reply-To: <x@example.com> <>\nReferences: <w@example.com>\n <x@example.com>\n" +
      kMail);
  EXPECT_EQ(m.topmost_received, parse_rfc3339("2026-11-24T10:00:05Z").value_or({}));
  EXPECT_EQ(m.date, parse_rfc3339("2026-11-24T10:00:00Z").value_or({}));
  EXPECT_EQ(m.delivered_to,
            (std::vector<std::string>{"bounces+x@example.com", "bounces+y@example.com"}));
  EXPECT_EQ(m.return_path, "ada@example.org");
  EXPECT_EQ(m.reply_to, (std::vector<Address>{{"Ada", "reply@example.org"}}));
  EXPECT_EQ(m.cc, std::vector<std::string>{"c@example.org"});
  EXPECT_EQ(m.in_reply_to, std::vector<std::string>{"x@example.com"});
  EXPECT_EQ(m.references, (std::vector<std::string>{"w@example.com", "x@example.com"}));
}

TEST(Parse, NamesTheLimitAndKeepsWhatWasRead) {
  std::string raw = "Subject: many\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n";
  for (int i = 0; i < 20'000; ++i) raw += "--b\n\n\n";
  const ParsedMail m = parse(raw);
  EXPECT_TRUE(m.unparsed);
  EXPECT_EQ(m.unparsed_because, "too_many_parts");
  EXPECT_EQ(m.subject, "many");
  EXPECT_NE(m.text.find("first"), std::string::npos);
  EXPECT_EQ(parse("Subject: x\n\n" + std::string(41U << 20U, 'x')).unparsed_because,
            "message_too_large");
}

TEST(Parse, TheHeaderAloneIsMarkedAndKeepsItsSigns) {
  const ParsedMail m = parse_header_only("Auto-Submitted: auto-replied\n" + kMail, "too_slow");
  EXPECT_TRUE(m.unparsed);
  EXPECT_EQ(m.unparsed_because, "too_slow");
  EXPECT_EQ(m.subject, "Haven is down");
  EXPECT_EQ(m.from.name, "Ada");
  EXPECT_TRUE(m.is_auto_reply);
  EXPECT_EQ(m.text, "");
}

TEST(Parse, TheLastResortDecodesNothingAndIsNeverAcknowledged) {
  const ParsedMail m = parse_hardly(
      "subject: =?utf-8?q?=41?=\n \xFF x\nFROM: \"a@b\" <ADA@example.org>\nMessage-Id: <i@d>\n"
      "From: second@example.org\n\nbody",
      "crashed");
  EXPECT_EQ(m.subject, "=?utf-8?q?=41?= \uFFFD x");
  EXPECT_EQ(m.from.address, "ada@example.org");
  EXPECT_EQ(m.message_id, "i@d");
  EXPECT_TRUE(m.must_not_ack);
  EXPECT_TRUE(m.unparsed);
  EXPECT_EQ(parse_hardly("", "crashed").subject, "");
  EXPECT_EQ(parse_hardly("From: a@x.org, b@y.org\n\n", "crashed").from.address, "");
  EXPECT_EQ(parse_hardly(std::string(1000, '\0'), "crashed").subject, "");
}

/// Cuts, doubles and spoils a mail that has a bit of everything.
TEST(Parse, AnyDamageGivesValidTextAndRangesWithinTheMail) {
  const std::string whole =
      "From: =?utf-8?b?w6Q=?= <a@example.org>\nTo: g: b@example.org;\nSubject: "
      "=?iso-8859-1?q?=E4?=\n"
      "Content-Type: multipart/mixed; boundary=\"b\"\nAuthentication-Results: x; dmarc=pass (c)\n\n"
      "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain; "
      "format=flowed; charset=utf-8\n\nOn 1.1., a@b wrote: \n> q \n> r\n-- \ns\n--c\nContent-Type: "
      "text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p style=3D'display:none'>=C3=A4"
      "<a href=3Dx>y</a>&auml;<ul><li>z\n--c--\n--b\nContent-Type: message/delivery-status\n\n"
      "Final-Recipient: rfc822; a@b.org\nAction: failed\nStatus: 5.1.1\n\n--b\nContent-Type: "
      "application/x; name*0*=utf-8''%C3; name*1*=%A4\nContent-Transfer-Encoding: base64\n\nAAEC\n"
      "--b--\n";
  std::mt19937 random{20261124};
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (int round = 0; round < 4000; ++round) {
    std::string raw = whole;
    for (int i = 0; i < 4; ++i) {
      if (raw.empty()) raw = whole;
      const std::size_t at = pick(raw.size());
      switch (pick(4)) {
        case 0: raw[at] = static_cast<char>(pick(256)); break;
        case 1: raw.erase(at, pick(20)); break;
        case 2: raw.insert(at, raw.substr(pick(raw.size()), pick(40))); break;
        default: raw.resize(std::max<std::size_t>(at, 1)); break;
      }
    }
    const ParsedMail m = parse(raw);
    for (const std::string* text : {&m.subject, &m.text, &m.visible_reply, &m.from.name,
                                    &m.from.address, &m.message_id, &m.list_id})
      ASSERT_TRUE(is_valid_utf8(*text) && text->find('\0') == std::string::npos) << raw;
    for (const Attachment& a : m.attachments) {
      ASSERT_TRUE(a.begin <= a.end && a.end <= raw.size()) << raw;
      ASSERT_TRUE(is_valid_utf8(a.name) && is_valid_utf8(a.type) && is_valid_utf8(a.encoding));
    }
    for (const Bounce& b : m.bounces) ASSERT_TRUE(is_valid_utf8(b.recipient)) << raw;
    for (const Authentication& a : m.authentication)
      ASSERT_TRUE(is_valid_utf8(a.authserv_id) && is_valid_utf8(a.dmarc));
  }
}

}  // namespace
}  // namespace trust::mail
