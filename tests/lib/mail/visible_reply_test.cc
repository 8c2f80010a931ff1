#include "lib/mail/visible_reply.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/fakes/cpu_time.h"

namespace trust::mail {
namespace {

struct Case {
  const char* name;
  std::string text, visible;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class VisibleReplyTest : public testing::TestWithParam<Case> {};

TEST_P(VisibleReplyTest, IsWhatTheWriterWroteThisTime) {
  EXPECT_EQ(visible_reply(GetParam().text), GetParam().visible);
}

INSTANTIATE_TEST_SUITE_P(
    History, VisibleReplyTest,
    testing::Values(
        Case{"nothing_quoted", "a\n\nb\n", "a\n\nb\n"},
        Case{"gmail",
             "Mine.\n\nOn Tue, Nov 24, 2026 at 10:00 AM Max <max@example.org> wrote:\n\n> Yours.\n",
             "Mine.\n"},
        Case{"gmail_wrapped",
             "Mine.\n\nOn Tue, Nov 24, 2026 at 10:00 AM Maximilian Mustermann <\n"
             "max@example.org> wrote:\n\n> Yours.\n",
             "Mine.\n"},
        Case{"gmail_german",
             "Meins.\n\nAm Di., 24. Nov. 2026 um 10:00 Uhr schrieb Max <max@example.org>:\n\n> "
             "Deins.\n",
             "Meins.\n"},
        Case{
            "gmail_french",
            "A moi.\n\nLe mar. 24 nov. 2026 à 10:00, Max <max@example.org> a écrit :\n\n> A toi.\n",
            "A moi.\n"},
        Case{"thunderbird", "Mine.\n\nOn 24/11/2026 10:00, Max wrote:\n> Yours.\n", "Mine.\n"},
        Case{"thunderbird_german", "Meins.\n\nAm 24.11.26 um 10:00 schrieb Max:\n> Deins.\n",
             "Meins.\n"},
        Case{"apple",
             "Mine.\n\n> On 24 Nov 2026, at 10:00, Max <max@example.org> wrote:\n> \n> Yours.\n",
             "Mine.\n"},
        Case{"unquoted_with_address",
             "Mine.\n\nOn Tuesday, 24 November 2026 at 10:00, Max <max@example.org> "
             "wrote:\n\nYours.\n",
             "Mine.\n"},
        Case{"bottom_posting", "On 24/11/2026 10:00, Max wrote:\n> Yours.\n\nMine.\n", "Mine.\n"},
        Case{"inline_replies", "> One?\nYes.\n> Two?\nNo.\n", "Yes.\n\nNo.\n"},
        Case{"deeper_quotes", "Mine.\n>> older\n> old\n", "Mine.\n"},
        Case{"outlook_rule",
             "Mine.\n\n-----Original Message-----\nFrom: Max\nSent: Tuesday\nTo: Ada\nSubject: "
             "x\n\nYours.\n",
             "Mine.\n"},
        Case{"outlook_rule_german", "Meins.\n\n-----Ursprüngliche Nachricht-----\nVon: Max\n",
             "Meins.\n"},
        Case{"rule_french", "A moi.\n\n-----Message d'origine-----\nDe : Max\n", "A moi.\n"},
        Case{"outlook_block",
             "Mine.\n\n________________________________\nFrom: Max <max@example.org>\nSent: "
             "Tuesday, November 24, 2026 10:00 AM\nTo: Ada <ada@example.org>\nSubject: RE: "
             "x\n\nYours.\n",
             "Mine.\n"},
        Case{"outlook_block_bold",
             "Mine.\n\n*From:* Max\n*Sent:* Tuesday\n*To:* Ada\n*Subject:* x\n\nYours.\n",
             "Mine.\n"},
        Case{"outlook_block_french",
             "A moi.\n\nDe : Max\nEnvoyé : mardi\nÀ : Ada\nObjet : x\n\nA toi.\n", "A moi.\n"},
        Case{"outlook_mac", "Mine.\n\nFrom: Max\nDate: Tuesday\nTo: Ada\nSubject: x\n\nYours.\n",
             "Mine.\n"}),
    [](const auto& one) { return std::string{one.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Signatures, VisibleReplyTest,
    testing::Values(
        Case{"rfc", "Mine.\n\n-- \nAda\nExample Ltd\n", "Mine.\n"},
        Case{"without_its_space", "Mine.\n\n--\nAda\n", "Mine.\n"},
        Case{"above_the_history", "Mine.\n\n-- \nAda\n\nOn 24/11/2026, Max wrote:\n> Yours.\n",
             "Mine.\n"},
        Case{"iphone", "Mine.\n\nSent from my iPhone\n", "Mine.\n"},
        Case{"iphone_german", "Meins.\n\nVon meinem iPhone gesendet\n", "Meins.\n"},
        Case{"outlook_ios", "Mine.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n", "Mine.\n"},
        Case{"mobile_above_the_history",
             "Mine.\n\nSent from my iPhone\n\n> On 24 Nov 2026, at 10:00, Max wrote:\n> Yours.\n",
             "Mine.\n"}),
    [](const auto& one) { return std::string{one.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    InDoubtTextIsKept, VisibleReplyTest,
    testing::Values(
        Case{"a_log_that_wrote", "On 24 Nov at 10:00 the log wrote:\nERROR 5\n",
             "On 24 Nov at 10:00 the log wrote:\nERROR 5\n"},
        Case{"bullets", "Steps:\n- one\n-- two\n--- three\n", "Steps:\n- one\n-- two\n--- three\n"},
        Case{"a_dash_ends_nothing", "a\n-\nb\n", "a\n-\nb\n"},
        Case{"dashes_in_the_middle", "a\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n",
             "a\n--\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n"},
        Case{"pasted_header", "I got this:\nFrom: evil@example.net\nSubject: You won\nDate: now\n",
             "I got this:\nFrom: evil@example.net\nSubject: You won\nDate: now\n"},
        Case{"a_prompt", ">>> import trust\nTraceback\n", ">>> import trust\nTraceback\n"},
        Case{"a_forward",
             "See below.\n\n---------- Forwarded message ---------\nFrom: evil@example.net\nSent: "
             "now\nTo: me\nSubject: x\n\n> deep\n",
             "See below.\n\n---------- Forwarded message ---------\nFrom: evil@example.net\nSent: "
             "now\nTo: me\nSubject: x\n\n> deep\n"},
        Case{"nothing_but_history", "> all\n> quoted\n", "> all\n> quoted\n"},
        Case{"sent_from_in_a_sentence",
             "It was sent from my server.\nSent from my server, twice, "
             "and each time the other side did not see it although "
             "the log of mine says that it had left for good.\n",
             "It was sent from my server.\nSent from my server, twice, and each time the other "
             "side did not see it although the log of mine says that it had left for good.\n"},
        Case{"von_meiner_seite", "Von meiner Seite ist alles gesagt.\n",
             "Von meiner Seite ist alles gesagt.\n"},
        Case{"empty", "", ""}),
    [](const auto& one) { return std::string{one.param.name}; });

TEST(VisibleReply, TakesLinearTime) {
  for (const std::string line : {"> q\n", "On 1 wrote:\n", "-- \n", "\n", "From: a\nSent: b\n",
                                 "-----Original Message-----\n\n", "On \nOn \n"}) {
    std::string text;
    while (text.size() < (1U << 20U)) text += line;
    const test::CpuTime cpu;
    visible_reply(text);
    EXPECT_LT(cpu.spent(), std::chrono::seconds{3}) << line;
  }
}

}  // namespace
}  // namespace trust::mail
