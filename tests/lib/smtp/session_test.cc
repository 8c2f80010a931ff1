#include "lib/smtp/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/text.h"
#include "tests/fakes/script_stream.h"

namespace trust::smtp {
namespace {

using mail::Outcome;
using test::ScriptStream;
using test::Turn;
using testing::HasSubstr;

std::vector<Turn> usual(const std::string& ehlo = "250 relay\r\n",
                        const std::string& at_end = "250 2.0.0 taken\r\n") {
  return {{"EHLO", ehlo},
          {"MAIL FROM", "250 ok\r\n"},
          {"RCPT TO", "250 ok\r\n"},
          {"DATA\r\n", "354 go\r\n"},
          {"\r\n.\r\n", at_end}};
}

struct Said {
  mail::SendResult result;
  std::string heard;
  bool usable = false;
};

Said say_mail(
    std::vector<Turn> turns, std::string_view message, std::size_t piece = 65536,
    const mail::Transport::BeforeDot& before_dot = [] { return ok(); }) {
  Said said;
  auto stream = std::make_unique<ScriptStream>(std::move(turns), piece, /*stalls=*/true);
  stream->record_into(&said.heard);
  auto session = Session::open(std::move(stream), "desk.example.org", {});
  if (!session) {
    ADD_FAILURE() << session.error().text();
    return said;
  }
  said.result = (*session)->send({"from@example.org", "to@example.com"}, message, before_dot);
  said.usable = (*session)->is_usable();
  return said;
}

TEST(Session, OneMailIsExactlyThisConversation) {
  const Said said = say_mail(usual(), "Subject: x\r\n\r\nhello\r\n");
  EXPECT_EQ(said.result.outcome, Outcome::accepted);
  EXPECT_EQ(said.result.code, 250);
  EXPECT_EQ(said.result.status, "2.0.0");
  EXPECT_TRUE(said.usable);
  EXPECT_EQ(said.heard,
            "EHLO desk.example.org\r\nMAIL FROM:<from@example.org>\r\nRCPT "
            "TO:<to@example.com>\r\nDATA\r\n"
            "Subject: x\r\n\r\nhello\r\n.\r\n");
}

TEST(Session, RepliesMayComeByteByByte) {
  EXPECT_EQ(
      say_mail(usual("250-relay\r\n250-SIZE 99999\r\n250 HELP\r\n"), "x\r\n", 1).result.outcome,
      Outcome::accepted);
}

TEST(Session, TheMarkIsAskedForWhenAllButTheEndIsWithTheRelay) {
  auto stream = std::make_unique<ScriptStream>(usual(), 65536, true);
  std::string heard;
  stream->record_into(&heard);
  auto session = Session::open(std::move(stream), "x", {});
  std::string at_mark;
  (*session)->send({"", "to@example.com"}, "a\r\n.b\r\n", [&] {
    at_mark = heard;
    return ok();
  });
  EXPECT_THAT(at_mark,
              testing::EndsWith("MAIL FROM:<>\r\nRCPT TO:<to@example.com>\r\nDATA\r\na\r\n..b"));
  EXPECT_EQ(heard, at_mark + "\r\n.\r\n");
}

TEST(Session, WithoutTheMarkTheEndNeverLeaves) {
  const Said said = say_mail(usual(), "a\r\n", 65536, [] {
    return Status{Error{Fault::conflict, "taken"}};
  });
  EXPECT_EQ(said.result.outcome, Outcome::held_back);
  EXPECT_FALSE(said.usable);
  EXPECT_THAT(said.heard, testing::EndsWith("DATA\r\na"));
}

TEST(Session, AnAnswerBeforeTheEndStopsTheEnd) {
  struct Row {
    const char* early;
    Outcome outcome;
  };
  for (const Row& row : {Row{"250 too early\r\n", Outcome::relay},
                         {"354 again\r\n", Outcome::relay},
                         {"421 bye\r\n", Outcome::relay},
                         {"nonsense\r\n", Outcome::relay},
                         {"452 4.3.1 full\r\n", Outcome::deferred},
                         {"552 5.3.4 too big\r\n", Outcome::failed}}) {
    // Before the mail begins, and when the last of its bytes but the end is there.
    std::vector<Turn> at_begin = usual(), at_last = usual();
    at_begin[3].say += row.early;
    at_last[4] = {"last words", row.early};
    for (const std::vector<Turn>& turns : {at_begin, at_last}) {
      bool asked = false;
      const Said said = say_mail(turns, "first words\r\nlast words\r\n", 65536, [&] {
        asked = true;
        return ok();
      });
      EXPECT_EQ(said.result.outcome, row.outcome) << row.early;
      EXPECT_FALSE(said.usable);
      EXPECT_FALSE(asked) << row.early;
      EXPECT_EQ(said.heard.find("\r\n.\r\n"), std::string::npos) << row.early;
    }
  }
}

TEST(Session, AnAnswerWhileTheMarkIsMadeStopsTheEnd) {
  auto stream = std::make_unique<ScriptStream>(usual(), 65536, true);
  ScriptStream& peer = *stream;
  std::string heard;
  peer.record_into(&heard);
  auto session = Session::open(std::move(stream), "x", {});
  const mail::SendResult result = (*session)->send({"", "to@example.com"}, "a\r\n", [&] {
    peer.interject("250 too early\r\n");
    return ok();
  });
  EXPECT_EQ(result.outcome, Outcome::relay);
  EXPECT_EQ(heard.find("\r\n.\r\n"), std::string::npos);
}

TEST(Session, SizeIsDeclaredAndHeld) {
  Said said = say_mail(usual("250-relay\r\n250 SIZE 100\r\n"), "abc\n");
  EXPECT_THAT(said.heard, HasSubstr("MAIL FROM:<from@example.org> SIZE=5\r\n"));
  said = say_mail(usual("250-relay\r\n250 SIZE 100\r\n"), std::string(200, 'x'));
  EXPECT_EQ(said.result.outcome, Outcome::failed);
  EXPECT_EQ(said.result.status, "5.3.4");
  EXPECT_TRUE(said.usable);
  EXPECT_EQ(said.heard.find("MAIL"), std::string::npos);
  said = say_mail(usual("250-relay\r\n250 SIZE 0\r\n"), std::string(200, 'x'));
  EXPECT_EQ(said.result.outcome, Outcome::accepted);
}

TEST(Session, EightBitGoesOnlyWhereItIsOffered) {
  Said said = say_mail(usual("250-relay\r\n250 8BITMIME\r\n"), "caf\xC3\xA9\r\n");
  EXPECT_THAT(said.heard, HasSubstr(" BODY=8BITMIME\r\n"));
  said = say_mail(usual(), "caf\xC3\xA9\r\n");
  EXPECT_EQ(said.result.outcome, Outcome::failed);
  EXPECT_EQ(said.result.status, "5.6.3");
}

TEST(Session, ARefusalIsFollowedByRsetAndTheConnectionGoesOn) {
  const Said said = say_mail({{"EHLO", "250 relay\r\n"},
                              {"MAIL", "250 ok\r\n"},
                              {"RCPT", "550 5.1.1 no <x@example.com>\r\n"},
                              {"RSET", "250 ok\r\n"}},
                             "a");
  EXPECT_EQ(said.result.outcome, Outcome::failed);
  EXPECT_EQ(said.result.code, 550);
  EXPECT_EQ(said.result.status, "5.1.1");
  EXPECT_TRUE(said.usable);
  EXPECT_THAT(said.heard, testing::EndsWith("RCPT TO:<to@example.com>\r\nRSET\r\n"));
}

TEST(Session, ToBeAskedForALoginIsTheRelaysTroubleNotTheMails) {
  const Said said =
      say_mail({{"EHLO", "250 relay\r\n"}, {"MAIL", "530 5.7.0 Authentication required\r\n"}}, "a");
  EXPECT_EQ(said.result.outcome, Outcome::relay);
  EXPECT_EQ(said.result.fault, Fault::unavailable) << "no login was refused";
}

TEST(Session, SomethingSaidBetweenMailsMakesItUnusable) {
  const Said said = say_mail(usual("250 relay\r\n", "250 ok\r\n421 bye\r\n"), "a");
  EXPECT_EQ(said.result.outcome, Outcome::accepted);
  EXPECT_FALSE(said.usable);
}

struct Ending {
  const char* name;
  std::string message;
  std::string wire;  ///< without the end
};
std::ostream& operator<<(std::ostream& out, const Ending& row) { return out << row.name; }
const Ending kEndings[] = {
    {"Empty", "", ""},
    {"NoLineEnd", "a", "a"},
    {"CrLf", "a\r\n", "a"},
    {"Lf", "a\nb\n", "a\r\nb"},
    {"Cr", "a\rb\r", "a\r\nb"},
    {"BlankLinesStay", "a\r\n\r\n\r\n", "a\r\n\r\n"},
    {"LoneDot", ".", ".."},
    {"LoneDotLine", "a\r\n.\r\n", "a\r\n.."},
    {"LeadingDot", ".a\n..b\n", "..a\r\n...b"},
    {"DotInside", "a.b\r\n", "a.b"},
    {"CrCrLf", "a\r\r\nb", "a\r\n\r\nb"},
    {"LfCr", "a\n\rb", "a\r\n\r\nb"},
};
class WireTest : public testing::TestWithParam<Ending> {};
INSTANTIATE_TEST_SUITE_P(Rows, WireTest, testing::ValuesIn(kEndings),
                         [](const auto& row) { return row.param.name; });
TEST_P(WireTest, NormalisesLineEndsAndStuffsDots) {
  EXPECT_EQ(to_wire(GetParam().message), GetParam().wire);
}

struct Smuggling {
  const char* name;
  std::string end;
};
std::ostream& operator<<(std::ostream& out, const Smuggling& row) { return out << row.name; }
// Ends of data that some server somewhere takes for one (CVE-2023-51764 and its kin).
const Smuggling kSmuggling[] = {
    {"LfDotLf", "\n.\n"},
    {"LfDotCrLf", "\n.\r\n"},
    {"CrLfDotLf", "\r\n.\n"},
    {"CrDotCr", "\r.\r"},
    {"CrDotCrLf", "\r.\r\n"},
    {"CrLfDotCr", "\r\n.\r"},
    {"CrLfDotCrLf", "\r\n.\r\n"},
    {"LfDotCr", "\n.\r"},
    {"CrDotLf", "\r.\n"},
    {"CrLfDotCrCrLf", "\r\n.\r\r\n"},
    {"CrCrLfDotCrLf", "\r\r\n.\r\n"},
    {"CrLfNulDotCrLf", std::string("\r\n\0.\r\n", 6)},
};
class Sec13 : public testing::TestWithParam<Smuggling> {};
INSTANTIATE_TEST_SUITE_P(EndsOfData, Sec13, testing::ValuesIn(kSmuggling),
                         [](const auto& row) { return row.param.name; });

// SEC-13: whatever the mail holds, the relay sees one DATA and one end of it.
TEST_P(Sec13, OneMailIsOneMail) {
  const std::string& end = GetParam().end;
  for (const std::string& message :
       {"Subject: x\r\n\r\nhello" + end +
            "MAIL FROM:<evil@example.net>\r\nRCPT TO:<victim@example.net>\r\nDATA\r\nSubject: "
            "y\r\n\r\nz",
        "a" + end, end + "a", end, end + end, "a" + end.substr(0, end.size() - 1),
        end.substr(1) + "QUIT\r\n"}) {
    const Said said = say_mail(usual(), message);
    if (message.find('\0') != std::string::npos) {
      EXPECT_EQ(said.result.outcome, Outcome::failed);
      EXPECT_EQ(said.heard.find("DATA"), std::string::npos);
      continue;
    }
    EXPECT_EQ(said.result.outcome, Outcome::accepted);
    const std::string data = said.heard.substr(said.heard.find("DATA\r\n") + 6);
    EXPECT_EQ(data.find("\r\n.\r\n"), data.size() - 5);
    for (std::size_t at = 0; at + 5 < data.size(); ++at) {
      if (data[at] == '\r') {
        EXPECT_EQ(data[at + 1], '\n') << "a bare CR at " << at;
      }
      if (data[at] == '\n') {
        EXPECT_EQ(data[at - 1], '\r') << "a bare LF at " << at;
        EXPECT_FALSE(data[at + 1] == '.' && (data[at + 2] == '\r' || data[at + 2] == '\n'))
            << "a lone dot at " << at;
      }
    }
  }
}

}  // namespace
}  // namespace trust::smtp
