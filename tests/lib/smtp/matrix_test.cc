// Every verb of a mail against every kind of answer, in memory. What a cell becomes stands in the
// table; the bytes that the relay saw are checked in all of them.
#include <gtest/gtest.h>

#include "lib/smtp/session.h"
#include "tests/fakes/script_stream.h"

namespace trust::smtp {
namespace {

using mail::Outcome;
using test::ScriptStream;
using test::Turn;

enum class Step { mail, rcpt, data, body, dot };
constexpr const char* kSteps[] = {"Mail", "Rcpt", "Data", "Body", "Dot"};

struct Answer {
  const char* name;
  std::string says;  ///< "" and nothing more: hangs up
  Outcome becomes[5];
  std::size_t piece = 65536;
  bool stalls = false;
};
std::ostream& operator<<(std::ostream& out, const Answer& row) { return out << row.name; }

std::string megabyte(const std::string& code) {
  std::string reply;
  while (reply.size() < 1U << 20U) reply += code + "-" + std::string(900, 'x') + "\r\n";
  return reply + code + " end\r\n";
}

constexpr Outcome kRelay = Outcome::relay, kLater = Outcome::deferred, kNever = Outcome::failed,
                  kDoubt = Outcome::uncertain, kTaken = Outcome::accepted;
const std::string kGood[] = {"250 2.1.0 ok\r\n", "250 2.1.5 ok\r\n", "354 go on\r\n", "",
                             "250 2.0.0 queued\r\n"};

// What is said at `body` comes when all but the end is there, while the mark is being made: it is
// the answer to nothing, so that only a refusal is about the mail. "good" stands for the step's own
// good answer.
const Answer kAnswers[] = {
    // name                  says                            MAIL    RCPT    DATA    body    dot
    {"Drop", "", {kRelay, kRelay, kRelay, kRelay, kDoubt}},
    {"Stall", "", {kRelay, kRelay, kRelay, kTaken, kDoubt}, 65536, true},
    {"Garbage", "!?\xFF\x01 what\r\n", {kRelay, kRelay, kRelay, kRelay, kDoubt}},
    {"HalfAReply", "25", {kRelay, kRelay, kRelay, kRelay, kDoubt}},
    {"BadCode", "666 no\r\n", {kRelay, kRelay, kRelay, kRelay, kDoubt}},
    {"BadCodeBelow", "150 hm\r\n", {kRelay, kRelay, kRelay, kRelay, kDoubt}},
    {"CodesDiffer", "250-a\r\n550 b\r\n", {kRelay, kRelay, kRelay, kRelay, kDoubt}},
    {"Greylisted", "450 4.2.0 later\r\n", {kLater, kLater, kLater, kLater, kLater}},
    {"NoSpace", "452 4.2.2 full\r\n", {kLater, kLater, kLater, kLater, kLater}},
    {"Never", "550 5.1.1 no such\r\n", {kNever, kNever, kNever, kNever, kNever}},
    {"TooLarge", "552 5.3.4 too large\r\n", {kNever, kNever, kNever, kNever, kNever}},
    {"Closing", "421 4.3.2 closing\r\n", {kRelay, kRelay, kRelay, kRelay, kRelay}},
    {"GoOnOutOfPlace", "399 hm\r\n", {kRelay, kRelay, kRelay, kRelay, kDoubt}},
    {"LongReply", megabyte("550"), {kNever, kNever, kNever, kNever, kNever}},
    {"EightBitReply", "450 caf\xE9 \xFF\r\n", {kLater, kLater, kLater, kLater, kLater}},
    {"BareLf", "450 4.2.0 later\n", {kLater, kLater, kLater, kLater, kLater}},
    {"ByteByByte", "good", {kTaken, kTaken, kTaken, kRelay, kTaken}, 1},
    // A second answer where one belongs is taken for the next verb's: no mail is believed to be
    // gone by it, and no end leaves after it.
    {"EarlyAnswer", "good250 2.0.0 ok\r\n", {kRelay, kRelay, kRelay, kRelay, kTaken}},
};

int ends_of_mail(const std::string& heard) {
  int count = 0;
  for (std::size_t at = heard.find("\r\n.\r\n"); at != std::string::npos;
       at = heard.find("\r\n.\r\n", at + 5))
    ++count;
  return count;
}

class SmtpMatrix : public testing::TestWithParam<std::tuple<int, Answer>> {};
INSTANTIATE_TEST_SUITE_P(Cells, SmtpMatrix,
                         testing::Combine(testing::Range(0, 5), testing::ValuesIn(kAnswers)),
                         [](const auto& row) {
                           return std::string{kSteps[std::get<0>(row.param)]} +
                                  std::get<1>(row.param).name;
                         });

TEST_P(SmtpMatrix, BecomesWhatTheTableSays) {
  const auto& [step, answer] = GetParam();
  constexpr const char* kHears[] = {"MAIL", "RCPT", "DATA", "", "\r\n.\r\n"};
  const bool good = answer.says.starts_with("good");
  std::string says = good ? kGood[step] + answer.says.substr(4) : answer.says;
  const bool hangs_up = says.empty() && !answer.stalls;
  const bool refused = !answer.stalls && !good && answer.becomes[step] != kDoubt &&
                       answer.becomes[step] != kRelay && step != 3;
  std::vector<Turn> turns{{"EHLO", "250 relay\r\n"}};
  for (int n = 0; n < 5; ++n) {
    if (n == 3) continue;
    turns.push_back({kHears[n], n == step ? says : kGood[n]});
    if (n == step && (says.empty() || refused)) break;
  }
  if (refused) turns.push_back({"RSET", "250 ok\r\n"});
  std::string heard;
  auto stream = std::make_unique<ScriptStream>(turns, answer.piece, true);
  stream->record_into(&heard);
  ScriptStream& peer = *stream;
  const bool breaks = hangs_up && step != 3;
  if (breaks) peer.hang_up_at_the_end();
  auto session = Session::open(std::move(stream), "desk.example.org", {});
  ASSERT_TRUE(session);
  int marked = 0;
  const mail::SendResult result = (*session)->send(
      {"desk@example.org", "reader@example.com"}, "Subject: x\r\n\r\n.\r\nhello", [&] {
        ++marked;
        if (step == 3 && !answer.stalls) {
          if (hangs_up)
            peer.hang_up_now();
          else
            peer.interject(good ? "250 2.0.0 ok\r\n" : says);
        }
        return ok();
      });
  EXPECT_EQ(result.outcome, answer.becomes[step]);
  // No end of a mail before its mark, none after a word in its body, and never two.
  EXPECT_EQ(marked, step >= 3 || result.outcome == kTaken ? 1 : 0);
  EXPECT_EQ(ends_of_mail(heard), (step == 4 && marked == 1) || result.outcome == kTaken ? 1 : 0);
  // After a refusal the connection is kept, after everything doubtful it is not.
  if (refused) {
    EXPECT_NE(heard.find("RSET\r\n"), std::string::npos);
  }
  EXPECT_EQ((*session)->is_usable(),
            refused || (result.outcome == kTaken && !answer.says.starts_with("good250")));
  (*session)->quit();
  EXPECT_EQ(ends_of_mail(heard), ends_of_mail(heard.substr(0, heard.rfind("QUIT"))));
}

TEST(SmtpMatrix, WhatTheRelaySaysToRsetAndQuitChangesNoOutcome) {
  for (const char* says : {"250 ok\r\n", "500 what\r\n", "421 bye\r\n", "?!\r\n", ""}) {
    for (const char* at_quit : {"221 bye\r\n", "500 what\r\n", ""}) {
      std::string heard;
      auto stream =
          std::make_unique<ScriptStream>(std::vector<Turn>{{"EHLO", "250 relay\r\n"},
                                                           {"MAIL", "450 4.2.0 later\r\n"},
                                                           {"RSET", says},
                                                           {"QUIT", at_quit}});
      stream->record_into(&heard);
      auto session = Session::open(std::move(stream), "desk.example.org", {});
      const auto result =
          (*session)->send({"desk@example.org", "reader@example.com"}, "x", [] { return ok(); });
      EXPECT_EQ(result.outcome, Outcome::deferred) << says;
      EXPECT_EQ(result.code, 450);
      EXPECT_EQ((*session)->is_usable(), std::string_view{says} == "250 ok\r\n") << says;
      (*session)->quit();
      EXPECT_EQ(ends_of_mail(heard), 0);
    }
  }
}

}  // namespace
}  // namespace trust::smtp
