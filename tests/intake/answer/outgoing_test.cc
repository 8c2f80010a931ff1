#include <gtest/gtest.h>

#include "intake/answer/letter.h"
#include "intake/answer/notice.h"
#include "intake/case/case_id.h"
#include "intake/case/promise.h"
#include "lib/base/text.h"
#include "tests/fakes/python_mail.h"

namespace trust::intake {
namespace {

using test::PythonMail;
using test::read_by_python;

const UtcTime kNow = *parse_rfc3339("2026-11-20T10:00:00Z");
const Keyring kRing = Keyring::from_secret("ours");
const std::string kCase = "TM-AAAAAA";
const std::string kToken = case_token(kRing, kCase);
const std::string kThread = "<tm-" + kToken + "@example.org>";

class OutgoingTest : public testing::Test {
 protected:
  Letters letters_ = *Letters::load("templates");
  Identity identity_{.address = "security@example.org", .reply_to = {}};
  Calendar calendar_;

  Case a_case() const {
    Case c;
    c.id = kCase;
    c.state = "open";
    c.kind = "symptom";
    c.reporter_address = "ann@example.com";
    c.reporter_name = "Ann";
    c.subject = "Haven DNS is slow";
    c.received = kNow;
    c.first_mail = c.notice_mail = "m1";
    return c;
  }
  AcknowledgmentFacts facts(bool vulnerability = false) const {
    AcknowledgmentFacts f;
    f.case_id = kCase;
    f.recipient = "ann@example.com";
    f.in_reply_to = "report-1@mail.example.com";
    f.vulnerability = vulnerability;
    f.answer = calendar_.due(kNow, kResponseDays);
    if (vulnerability) f.triage = calendar_.due(kNow, kTriageDays);
    return f;
  }
  Pen pen() const { return {identity_, kRing, letters_, kNow}; }
  Outgoing acknowledgment(const AcknowledgmentFacts& f) const {
    return *compose_acknowledgment(f, pen());
  }
  Outgoing letter(const LetterFacts& f) const { return *compose_letter(f, pen()); }
  Outgoing notice(const Case& c, const std::string& words) const {
    NoticeFacts f{
        .c = c, .received = kNow, .promises = {}, .services = {"Haven DNS"}, .words = words};
    f.promises.push_back(
        new_promise(kCase, "response", kNow, "internal_date", kResponseDays, calendar_));
    return *compose_notice(f, "ada@example.org", pen());
  }
};

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

TEST_F(OutgoingTest, AnAcknowledgmentIsAnAutomaticReplyInTheThread) {
  const Outgoing out = acknowledgment(facts());
  const PythonMail mail = read_by_python(out.message);
  EXPECT_EQ(mail.defects, 0);
  EXPECT_EQ(mail.fields.at("auto-submitted"), "auto-replied");
  EXPECT_EQ(mail.fields.at("from"), "Security team <security@example.org>");
  EXPECT_EQ(mail.fields.at("to"), "ann@example.com");
  EXPECT_EQ(mail.fields.at("in-reply-to"), "<report-1@mail.example.com>");
  EXPECT_EQ(mail.fields.at("references"), kThread + " <report-1@mail.example.com>");
  EXPECT_EQ(mail.fields.at("message-id"), "<" + out.message_id + ">");
  EXPECT_EQ(mail.fields.at("subject"), "[TM-AAAAAA] We have your report");
  EXPECT_EQ(mail.fields.count("reply-to"), 0U);
  EXPECT_EQ(out.recipient, "ann@example.com");
}

TEST_F(OutgoingTest, AnAcknowledgmentCountsTheDaysOfItsPromise) {
  const std::string text = read_by_python(acknowledgment(facts()).message).text;
  EXPECT_TRUE(has(fold_space(text), "by the end of Wed 25 Nov 2026 (UTC)")) << text;
  EXPECT_TRUE(has(text, "  1  Mon 23 Nov 2026\n  2  Tue 24 Nov 2026\n  3  Wed 25 Nov 2026\n"))
      << text;
  EXPECT_FALSE(has(text, "everity"));
  EXPECT_FALSE(has(text, "would help"));
  EXPECT_FALSE(has(text, "{{"));
  EXPECT_FALSE(has(text, "\n\n\n")) << text;
}

TEST_F(OutgoingTest, AnAcknowledgmentOfAVulnerabilityPromisesItsTriage) {
  const std::string text = read_by_python(acknowledgment(facts(true)).message).text;
  EXPECT_TRUE(has(text, "bug bounty"));
  EXPECT_TRUE(has(fold_space(text), "the end of Wed 25 Nov 2026 (UTC)"));
  EXPECT_TRUE(has(fold_space(text), "settled by the end of Tue 1 Dec 2026 (UTC)")) << text;
  EXPECT_TRUE(has(text, "  7  Tue 1 Dec 2026\n"));
  EXPECT_FALSE(has(text, "\n\n\n")) << text;
  for (const char* payout : {"bank", "PayPal", "wallet", "payment"})  // B5
    EXPECT_FALSE(has(text, payout));
}

TEST_F(OutgoingTest, AnAcknowledgmentAsksForWhatIsMissing) {
  AcknowledgmentFacts f = facts();
  f.missing = {"when", "service"};
  const std::string text = read_by_python(acknowledgment(f).message).text;
  EXPECT_TRUE(has(text, "When was it?"));
  EXPECT_TRUE(has(text, "Which of our services"));
  EXPECT_FALSE(has(text, "What did you see"));
  EXPECT_FALSE(has(text, "\n\n\n")) << text;
  EXPECT_LE(text.size(), 4096U);
}

TEST_F(OutgoingTest, TheEnvelopeIsSignedOrNull) {
  EXPECT_EQ(acknowledgment(facts()).envelope_from, "security+" + kToken + "@example.org");
  identity_.signed_envelope = false;
  EXPECT_EQ(acknowledgment(facts()).envelope_from, "");
  EXPECT_EQ(letter({.c = a_case(), .words = "x"}).envelope_from, "security@example.org");
  identity_.signed_envelope = true;
  identity_.address = "a-very-long-name-for-a-security-mailbox@example.org";
  EXPECT_EQ(letter({.c = a_case(), .words = "x"}).envelope_from, identity_.address);
}

TEST_F(OutgoingTest, ReplyToCarriesTheTokenWhereItIsSet) {
  identity_.reply_to = "security+{token}@example.org";
  const PythonMail mail = read_by_python(acknowledgment(facts()).message);
  EXPECT_TRUE(has(mail.fields.at("reply-to"), "<security+" + kToken + "@example.org>"));
}

// A Message-ID is the only thing of theirs that an acknowledgment repeats.
TEST_F(OutgoingTest, AnOddMessageIdIsLeftOut) {
  for (const std::string& id :
       {std::string{}, std::string{"no at sign"}, std::string{"a@b\r\nBcc: eve@example.net"},
        std::string{"a b@c"}, std::string{"a@b@c"}, std::string{"ä@example.org"},
        std::string{"<a@b>"}, std::string(300, 'a') + "@b"}) {
    AcknowledgmentFacts f = facts();
    f.in_reply_to = id;
    const PythonMail mail = read_by_python(acknowledgment(f).message);
    EXPECT_EQ(mail.fields.count("in-reply-to"), 0U) << id;
    EXPECT_EQ(mail.fields.at("references"), kThread);
    EXPECT_EQ(mail.fields.count("bcc"), 0U);
  }
}

TEST_F(OutgoingTest, ANoticeSaysWhoWhatWhenAndHowToAnswer) {
  Case c = a_case();
  c.urgent = true;
  c.marks = {"too large, see mailbox", "forged thread id"};
  const Outgoing out = notice(c, "Since 9:00 it is slow.\n\nSecond paragraph");
  const PythonMail mail = read_by_python(out.message);
  EXPECT_EQ(mail.defects, 0);
  EXPECT_EQ(mail.fields.at("auto-submitted"), "auto-generated");
  EXPECT_EQ(mail.fields.at("to"), "ada@example.org");
  EXPECT_EQ(mail.fields.at("subject"), "[TM-AAAAAA] URGENT: Haven DNS is slow");
  EXPECT_EQ(mail.fields.at("references"), kThread);
  EXPECT_EQ(out.envelope_from, "security@example.org");
  for (const char* fact :
       {"ann@example.com", "Fri 20 Nov 2026, 10:00 UTC", "the end of Wed 25 Nov 2026 (UTC)",
        "Haven DNS", "> Since 9:00 it is slow.\n> \n> Second paragraph\n",
        "trust-intake answer TM-AAAAAA tracking", "trust-intake show TM-AAAAAA",
        "too large, see mailbox", "forged thread id"})
    EXPECT_TRUE(has(mail.text, fact)) << fact << "\n" << mail.text;
  EXPECT_FALSE(has(mail.text, "\n\n\n")) << mail.text;
}

TEST_F(OutgoingTest, HostileWordsInANoticeAreOnlyWords) {
  struct Hostile {
    const char* name;
    std::string subject;
  };
  const Hostile kRows[] = {
      {"crlf", "x\r\nBcc: eve@example.net"},
      {"lone cr", "x\rBcc: eve@example.net"},
      {"line separator",
       "x\xE2\x80\xA8"
       "Bcc: eve@example.net"},
      {"next line",
       "x\xC2\x85"
       "Bcc: eve@example.net"},
      {"escape", "x\x1b[2J\x07"},
      {"nul", std::string{"x\0y", 3}},
      {"bidi",
       "x\xE2\x80\xAE"
       "fdp.exe"},
      {"template", "{{case}} {{#urgent}} ${HOME} %s %n {}"},
      {"encoded word", "=?utf-8?Q?x=0D=0ABcc:_eve@example.net?="},
      {"long", std::string(5000, 'x')},
      {"empty", ""},
  };
  const std::size_t usual = read_by_python(notice(a_case(), "x").message).fields.size();
  for (const Hostile& row : kRows) {
    SCOPED_TRACE(row.name);
    Case c = a_case();
    c.subject = row.subject;
    c.reporter_name = row.subject;
    const PythonMail mail = read_by_python(notice(c, row.subject + "\n.\r\nQUIT").message);
    EXPECT_EQ(mail.defects, 0);
    EXPECT_EQ(mail.fields.count("bcc"), 0U);
    EXPECT_EQ(mail.fields.size(), usual);
    EXPECT_TRUE(mail.fields.at("subject").starts_with("[TM-AAAAAA]"));
    EXPECT_LT(mail.fields.at("subject").size(), 300U);
    for (const std::string& shown : {mail.text, mail.fields.at("subject")}) {
      for (const char* never : {"\x1b", "\xE2\x80\xAE", "\xC2\x85", "\x07"})
        EXPECT_FALSE(has(shown, never));
      EXPECT_FALSE(has(shown, std::string(1, '\0')));
    }
  }
  Case c = a_case();
  c.subject = kRows[7].subject;
  EXPECT_TRUE(has(read_by_python(notice(c, "").message).text, kRows[7].subject));
}

TEST_F(OutgoingTest, LongWordsAreCutInANotice) {
  std::string words;
  for (int i = 0; i < 3000; ++i) words += "line\n";
  const std::string text = read_by_python(notice(a_case(), words).message).text;
  EXPECT_LT(text.size(), 6000U);
  EXPECT_TRUE(has(text, "> [cut]"));
}

struct LetterRow {
  const char* name;
  Outcome outcome;
  std::string words, incident, url;
  std::vector<std::string> says;
};

TEST_F(OutgoingTest, EachOutcomeHasItsLetter) {
  const LetterRow kRows[] = {
      {"tracking",
       Outcome::tracking,
       "More soon.",
       "2026-11-20-dns",
       "",
       {"tracking it", "2026-11-20-dns", "More soon."}},
      {"tracking without words", Outcome::tracking, "", "", "", {"tracking it"}},
      {"post-mortem",
       Outcome::post_mortem,
       "",
       "",
       "https://docs.example.org/i/x/",
       {"https://docs.example.org/i/x/"}},
      {"explained",
       Outcome::explained,
       "It was your router: größer.",
       "",
       "",
       {"It was your router: größer."}},
      {"bounty", Outcome::bounty, "", "", "", {"bug bounty"}},
      {"reply",
       Outcome::reply,
       "What do you see?\r\n.\r\nSecond",
       "",
       "",
       {"What do you see?\n.\nSecond"}},
  };
  for (const LetterRow& row : kRows) {
    SCOPED_TRACE(row.name);
    const Case c = a_case();
    const Outgoing out = letter({.c = c,
                                 .outcome = row.outcome,
                                 .words = row.words,
                                 .incident = row.incident,
                                 .url = row.url,
                                 .in_reply_to = "report-1@mail.example.com"});
    const PythonMail mail = read_by_python(out.message);
    EXPECT_EQ(mail.defects, 0);
    EXPECT_EQ(mail.fields.at("from"), "Security team <security@example.org>");
    EXPECT_EQ(mail.fields.at("to"), "ann@example.com");
    EXPECT_EQ(mail.fields.at("subject"), "Re: Haven DNS is slow [TM-AAAAAA]");
    EXPECT_EQ(mail.fields.at("in-reply-to"), "<report-1@mail.example.com>");
    EXPECT_EQ(mail.fields.at("references"), kThread + " <report-1@mail.example.com>");
    EXPECT_EQ(mail.fields.count("auto-submitted"), 0U);
    for (const std::string& said : row.says) EXPECT_TRUE(has(mail.text, said)) << mail.text;
    EXPECT_TRUE(has(mail.text, "TM-AAAAAA"));
    EXPECT_FALSE(has(mail.text, "{{"));
    EXPECT_FALSE(has(mail.text, "\n\n\n")) << mail.text;
  }
}

TEST_F(OutgoingTest, ALetterIsNotWrittenWithoutWordsOrReader) {
  Case c = a_case();
  for (const Outcome outcome : {Outcome::explained, Outcome::reply})
    EXPECT_EQ(compose_letter({.c = c, .outcome = outcome, .words = " \n\t"}, pen()).error().fault(),
              Fault::invalid);
  c.reporter_address.clear();
  EXPECT_EQ(compose_letter({.c = c, .words = "x"}, pen()).error().fault(), Fault::invalid);
}

TEST_F(OutgoingTest, ReIsNotPiledUp) {
  Case c = a_case();
  c.subject = "Re: RE: re:  hello";
  EXPECT_EQ(read_by_python(letter({.c = c, .words = "x"}).message).fields.at("subject"),
            "Re: hello [TM-AAAAAA]");
}

}  // namespace
}  // namespace trust::intake
