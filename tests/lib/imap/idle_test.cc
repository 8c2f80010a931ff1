#include <gtest/gtest.h>

#include "lib/imap/imap_mailbox.h"
#include "tests/fakes/scripted_imap.h"

namespace trust::imap {
namespace {

using namespace std::chrono_literals;
using test::ImapScript;
using test::ScriptedImap;

/// A session whose server answers IDLE with the given bytes, and DONE with the end of it.
struct Idling {
  const char* name;
  std::string to_idle;
  std::string to_done;
  std::chrono::milliseconds span;
  std::optional<bool> news;
  std::optional<Fault> fault;
  bool goes_on = true;  ///< the session can be used afterwards
};

class Idle : public testing::TestWithParam<Idling> {};

TEST_P(Idle, WakesOnNewsAndOnNothingElse) {
  const Idling& row = GetParam();
  for (const std::size_t piece : {65536, 1}) {
    ImapScript script = ImapScript::folder(1, "IMAP4rev1 IDLE");
    script.piece = piece;
    script.on("IDLE", row.to_idle)
        .on("DONE", row.to_done)
        .on("EXAMINE", "* OK [UIDVALIDITY 7] x\r\n$ OK\r\n");
    auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
    ASSERT_TRUE(made);
    ASSERT_TRUE((*made)->can_wait());
    ASSERT_TRUE((*made)->open("INBOX"));
    const Result<bool> waited = (*made)->wait_for_news(row.span);
    ASSERT_EQ(waited.has_value(), !row.fault);
    EXPECT_EQ(waited ? std::optional{*waited} : std::nullopt, row.news);
    EXPECT_EQ(waited ? std::nullopt : std::optional{waited.error().fault()}, row.fault);
    EXPECT_EQ((*made)->open("INBOX").has_value(), row.goes_on);
  }
}

// ScriptedImap is silent by failing at once: with a span of 0 that is the span's end.
INSTANTIATE_TEST_SUITE_P(
    Servers, Idle,
    testing::Values(
        Idling{"exists", "+ idling\r\n* 2 EXISTS\r\n", "$ OK\r\n", 1h, true, {}},
        Idling{"recent", "+ idling\r\n* 1 RECENT\r\n", "$ OK\r\n", 1h, true, {}},
        Idling{"before_the_plus", "* 2 EXISTS\r\n+ idling\r\n", "$ OK\r\n", 1h, true, {}},
        Idling{"with_the_end", "+ idling\r\n", "* 2 EXISTS\r\n$ OK\r\n", 0ms, true, {}},
        Idling{"nothing_in_time", "+ idling\r\n", "$ OK\r\n", 0ms, false, {}},
        Idling{"flags_are_no_news",
               "+ idling\r\n* 1 FETCH (FLAGS ())\r\n* OK still here\r\n* 1 EXPUNGE\r\n",
               "$ OK\r\n",
               0ms,
               false,
               {}},
        Idling{"refused", "$ NO not now\r\n", "", 1h, {}, Fault::denied},
        Idling{"unknown", "$ BAD what\r\n", "", 1h, {}, Fault::denied},
        Idling{"bye", "+ idling\r\n* BYE shutting down\r\n", "", 1h, {}, Fault::unavailable, false},
        Idling{"broken_line", "+ idling\r\n", "", 1h, {}, Fault::unavailable, false},
        Idling{"no_plus", "", "", 1h, {}, Fault::unavailable, false},
        Idling{
            "bad_end", "+ idling\r\n* 2 EXISTS\r\n", "x OK\r\n", 1h, {}, Fault::unavailable, false},
        Idling{"garbage", "+ idling\r\nHTTP/1.1 400\r\n", "", 1h, {}, Fault::unavailable, false}),
    [](const auto& row) { return std::string{row.param.name}; });

struct Status {
  const char* name;
  std::string reply;
  mail::FolderState state;
  std::optional<Fault> fault = {};
};
class StatusOf : public testing::TestWithParam<Status> {};
TEST_P(StatusOf, SaysOnlyWhatTheServerSaid) {
  ImapScript script;
  script.on("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n$ OK\r\n")
      .on("STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY)", GetParam().reply);
  auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
  const auto state = (*made)->status("INBOX");
  ASSERT_EQ(state.has_value(), !GetParam().fault);
  EXPECT_EQ(state ? *state : mail::FolderState{}, GetParam().state);
  EXPECT_EQ(state ? std::nullopt : std::optional{state.error().fault()}, GetParam().fault);
}
INSTANTIATE_TEST_SUITE_P(
    Replies, StatusOf,
    testing::Values(
        Status{
            "whole", "* STATUS INBOX (UIDVALIDITY 7 MESSAGES 3 UIDNEXT 9)\r\n$ OK\r\n", {7, 9, 3}},
        Status{"other_spelling",
               "* STATUS \"inbox\" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)\r\n$ OK\r\n",
               {7, 9, 3}},
        Status{"literal",
               "* STATUS {5}\r\nINBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)\r\n$ OK\r\n",
               {7, 9, 3}},
        Status{"another_folder",
               "* STATUS Other (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)\r\n$ OK\r\n",
               {}},
        Status{"numbers_too_big",
               "* STATUS INBOX (MESSAGES 4294967296 UIDNEXT -1 UIDVALIDITY 7)\r\n$ OK\r\n",
               {7, 0, 0}},
        Status{"half", "* STATUS INBOX (MESSAGES 3 UIDNEXT)\r\n$ OK\r\n", {0, 0, 3}},
        Status{"nothing", "$ OK\r\n", {}},
        Status{"gone", "$ NO [NONEXISTENT] x\r\n", {}, Fault::not_found},
        Status{"bye", "* BYE x\r\n", {}, Fault::unavailable}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(ImapMailbox, LeavesTheOpenFolderBeforeItAsksForItsStatus) {
  const std::string status = "* STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)\r\n$ OK\r\n";
  ImapScript can = ImapScript::folder(1, "IMAP4rev1 UNSELECT");
  can.on("UNSELECT", "$ OK\r\n").on("STATUS", status).on("STATUS", status);
  auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(can));
  ASSERT_TRUE((*made)->open("INBOX"));
  EXPECT_EQ((*made)->status("INBOX")->uidnext, 9U);
  EXPECT_EQ((*made)->status("INBOX")->uidnext, 9U);
  ImapScript cannot = ImapScript::folder(3);
  cannot.on("EXAMINE", "* 4 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 10] x\r\n$ OK\r\n");
  const auto without = ImapMailbox::over(std::make_unique<ScriptedImap>(cannot));
  ASSERT_TRUE((*without)->open("INBOX"));
  EXPECT_EQ((*without)->status("INBOX")->uidnext, 10U);
}

TEST(ImapMailbox, AFolderThatWasRenamedIsLookedForAgain) {
  ImapScript script;
  script.on("CAPABILITY", "* CAPABILITY IMAP4rev1 SPECIAL-USE\r\n$ OK\r\n")
      .on("LIST", "* LIST (\\Junk) \"/\" Spam\r\n$ OK\r\n")
      .on("STATUS \"Spam\"", "* STATUS Spam (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)\r\n$ OK\r\n")
      .on("STATUS \"Spam\"", "$ NO gone\r\n")
      .on("LIST", "* LIST (\\Junk) \"/\" Muell\r\n$ OK\r\n")
      .on("STATUS \"Muell\"", "* STATUS Muell (MESSAGES 1 UIDNEXT 3 UIDVALIDITY 7)\r\n$ OK\r\n");
  auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
  EXPECT_EQ((*made)->status("\\Junk")->uidnext, 2U);
  EXPECT_EQ((*made)->status("\\Junk").error().fault(), Fault::not_found);
  EXPECT_EQ((*made)->status("\\Junk")->uidnext, 3U);
}

}  // namespace
}  // namespace trust::imap
