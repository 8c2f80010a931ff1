#include "lib/imap/session.h"

#include <gtest/gtest.h>

#include "lib/imap/internal_date.h"
#include "tests/fakes/scripted_imap.h"

namespace trust::imap {
namespace {

using namespace std::chrono_literals;
using test::ImapScript;
using test::ScriptedImap;

Result<Session> start(ImapScript& script, Patience patience = {}) {
  return Session::start(std::make_unique<ScriptedImap>(script), patience);
}

struct Breakdown {
  const char* name;
  std::string reply;  ///< to NOOP
  const char* says;
  ImapScript::Silence then = ImapScript::Silence::stalls;
};

class SessionBreaks : public testing::TestWithParam<Breakdown> {};

TEST_P(SessionBreaks, AndIsOfNoUseAfterwards) {
  ImapScript script = ImapScript::folder(0);
  script.on("NOOP", GetParam().reply);
  script.then = GetParam().then;
  auto session = start(script);
  ASSERT_TRUE(session);
  const auto ended = session->command("NOOP", [](Reply&) {});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().fault(), Fault::unavailable);
  EXPECT_NE(ended.error().text().find(GetParam().says), std::string::npos) << ended.error().text();
  const std::size_t heard = script.heard.size();
  EXPECT_EQ(session->command("NOOP", [](Reply&) {}).error().fault(), Fault::unavailable);
  EXPECT_EQ(script.heard.size(), heard) << "nothing more is said on it";
}

INSTANTIATE_TEST_SUITE_P(
    Breakdowns, SessionBreaks,
    testing::Values(Breakdown{"bye", "* BYE too many\r\n$ OK\r\n", "goodbye"},
                    Breakdown{"hang_up", "* 1 EXISTS\r\n", "hung up",
                              ImapScript::Silence::hangs_up},
                    Breakdown{"silence", "* 1 EXISTS\r\n", "too long"},
                    Breakdown{"half_a_reply", "$ O", "hung up", ImapScript::Silence::hangs_up},
                    Breakdown{"another_tag", "a1 OK done\r\n$ OK\r\n", "not given"},
                    Breakdown{"a_longer_tag", "$0 OK done\r\n$ OK\r\n", "not given"},
                    Breakdown{"garbage", "HTTP/1.1 400 Bad Request\r\n\r\n$ OK\r\n", "breaks"},
                    Breakdown{"an_endless_line", "* X " + std::string(2U << 20U, 'a'), "breaks"},
                    Breakdown{"an_impossible_literal", "* X {99999999999}\r\n", "breaks"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Session, AsksForCapabilitiesAnewAfterTheLogin) {
  ImapScript script;
  script.on("CAPABILITY", "* CAPABILITY IMAP4rev1 special-use\r\n$ OK done\r\n");
  auto session = start(script);
  ASSERT_TRUE(session);
  EXPECT_TRUE(session->can("SPECIAL-USE"));
  EXPECT_TRUE(session->can("IMAP4REV1"));
  EXPECT_FALSE(session->can("IDLE"));
}

TEST(Session, NoAndBadAreEndingsAndNotFailures) {
  ImapScript script = ImapScript::folder(0);
  script.on("ONE", "$ NO [INUSE] later\r\n").on("TWO", "$ BAD what\r\n").on("THREE", "$ OK\r\n");
  auto session = start(script);
  ASSERT_TRUE(session);
  const auto one = session->command("ONE", [](Reply&) {});
  ASSERT_TRUE(one);
  EXPECT_FALSE(one->ok);
  EXPECT_TRUE(one->reply.has_code("INUSE"));
  EXPECT_FALSE(session->command("TWO", [](Reply&) {})->ok);
  EXPECT_TRUE(session->command("THREE", [](Reply&) {})->ok);
}

TEST(Session, TagsCannotBeGuessed) {
  ImapScript one = ImapScript::folder(0), two = ImapScript::folder(0);
  one.on("NOOP", "* OK $\r\n$ OK\r\n");
  two.on("NOOP", "* OK $\r\n$ OK\r\n");
  auto first = start(one), second = start(two);
  const auto a = first->command("NOOP", [](Reply&) {}), b = second->command("NOOP", [](Reply&) {});
  EXPECT_NE(a->reply.tag, b->reply.tag);
}

TEST(Session, AFloodEndsAtTheAllowance) {
  ImapScript script = ImapScript::folder(0);
  script.repeat = "* 1 EXISTS\r\n";
  script.on("NOOP", script.repeat);
  auto session = start(script);
  ASSERT_TRUE(session);
  const auto ended = session->command("NOOP", [](Reply&) {}, {.bytes = 1U << 20U});
  EXPECT_EQ(ended.error().text(), "imap: the server sends more than was asked for");
}

TEST(Session, AByteNowAndThenDoesNotKeepItWaiting) {
  ImapScript script = ImapScript::folder(0);
  script.repeat = "* 1 EXISTS\r\n";
  script.piece = 1;
  script.on("NOOP", script.repeat);
  auto session = start(script, {.silence = 10s, .command = 50ms, .bytes_per_second = 1U << 30U});
  ASSERT_TRUE(session);
  const auto ended = session->command("NOOP", [](Reply&) {});
  EXPECT_EQ(ended.error().text(), "imap: the server is too slow");
}

TEST(Session, LeavesPolitely) {
  ImapScript script = ImapScript::folder(0);
  { const auto session = start(script); }
  EXPECT_EQ(script.heard.back(), "LOGOUT");
}

TEST(Session, AServerThatEndsAtOnceIsUnavailable) {
  ImapScript script;
  script.on("CAPABILITY", "* BYE no\r\n");
  EXPECT_EQ(start(script).error().fault(), Fault::unavailable);
  ImapScript refusing;
  refusing.on("CAPABILITY", "$ NO\r\n");
  EXPECT_EQ(start(refusing).error().fault(), Fault::unavailable);
}

TEST(Names, AreQuotedAndCannotCarryACommand) {
  EXPECT_EQ(*quote("INBOX"), "\"INBOX\"");
  EXPECT_EQ(*quote("a \"b\\"), "\"a \\\"b\\\\\"");
  for (const char* bad : {"a\r\nt1 DELETE INBOX", "a\nb", "a\x7F", "\x01"})
    EXPECT_EQ(quote(bad).error().fault(), Fault::invalid);
  EXPECT_EQ(quote(std::string{"a\0b", 3}).error().fault(), Fault::invalid);
}

TEST(Names, AreModifiedUtf7) {
  // The first is RFC 3501's own example.
  EXPECT_EQ(*to_mailbox_name("~peter/mail/台北/日本語"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
  EXPECT_EQ(*to_mailbox_name("Entwürfe & mehr"), "Entw&APw-rfe &- mehr");
  EXPECT_EQ(*to_mailbox_name("😀"), "&2D3eAA-");
  EXPECT_EQ(to_mailbox_name("\xFF").error().fault(), Fault::invalid);
}

TEST(Names, UidSetsNameNothingThatWasNotAskedFor) {
  const std::vector<std::uint32_t> uids{1, 2, 3, 5, 7, 8, 4294967295U};
  EXPECT_EQ(to_uid_set(uids), "1:3,5,7:8,4294967295");
  EXPECT_EQ(to_uid_set({}), "");
}

TEST(InternalDate, IsReadWithItsZone) {
  const auto rfc3339 = [](const char* text) {
    const auto time = parse_internal_date(text);
    return time ? to_rfc3339(*time) : "none";
  };
  EXPECT_EQ(rfc3339("24-Nov-2026 10:00:00 +0100"), "2026-11-24T09:00:00Z");
  EXPECT_EQ(rfc3339(" 4-Nov-2026 23:59:60 -0530"), "2026-11-05T05:30:00Z");
  EXPECT_EQ(rfc3339("4-NOV-2026 00:00:00 +0000"), "2026-11-04T00:00:00Z");
  for (const char* bad :
       {"", "x", "31-Feb-2026 10:00:00 +0000", "24-Nov-2026 25:00:00 +0000",
        "24-Nov-26 10:00:00 +0000", "24-Nov-2026 10:00:00", "24-Foo-2026 10:00:00 +0000",
        "24-Nov-1969 10:00:00 +0000", "24-Nov-9999 10:00:00 +0000", "124-Nov-2026 10:00:00 +0000",
        "-Nov-2026 10:00:00 +0000"})
    EXPECT_EQ(rfc3339(bad), "none") << bad;
}

}  // namespace
}  // namespace trust::imap
