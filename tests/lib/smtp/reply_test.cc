#include "lib/smtp/reply.h"

#include <gtest/gtest.h>

#include "lib/base/text.h"

namespace trust::smtp {
namespace {

struct Row {
  const char* name;
  std::string bytes;
  int code;  ///< 0: unreadable
  const char* status;
  const char* words;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }
const Row kRows[] = {
    {"OneLine", "250 2.0.0 Ok: queued\r\n", 250, "2.0.0", "2.0.0 Ok: queued"},
    {"CodeAlone", "250\r\n", 250, "", ""},
    {"CodeAndSpace", "354 \r\n", 354, "", ""},
    {"BareLineFeed", "550 5.1.1 unknown\n", 550, "5.1.1", "5.1.1 unknown"},
    {"ManyLines", "250-relay\r\n250-SIZE 10\r\n250 HELP\r\n", 250, "", "relay SIZE 10 HELP"},
    {"LinesOfCodeAlone", "550-5.7.1 no\r\n550-\r\n550 end\r\n", 550, "5.7.1", "5.7.1 no  end"},
    {"LongStatus", "450 4.123.456 x\r\n", 450, "4.123.456", "4.123.456 x"},
    {"StatusOfAnotherClass", "550 4.1.1 x\r\n", 550, "", "4.1.1 x"},
    {"StatusTooLong", "550 5.1.1234 x\r\n", 550, "", "5.1.1234 x"},
    {"StatusOfTwoNumbers", "550 5.1 x\r\n", 550, "", "5.1 x"},
    {"StatusWithLetters", "550 5.1.a x\r\n", 550, "", "5.1.a x"},
    {"EightBit", "550 n\xE9t\r\n", 550, "", "n\xEF\xBF\xBDt"},
    {"Nul", std::string("550 a\0b\r\n", 9), 550, "",
     "a\xEF\xBF\xBD"
     "b"},
    {"Garbage", "hello\r\n", 0, "", ""},
    {"EmptyLine", "\r\n", 0, "", ""},
    {"Http", "HTTP/1.1 400 Bad Request\r\n", 0, "", ""},
    {"TwoDigits", "25 ok\r\n", 0, "", ""},
    {"FourDigits", "2500 ok\r\n", 0, "", ""},
    {"CodeOutOfRange", "650 ok\r\n", 0, "", ""},
    {"Preliminary", "150 ok\r\n", 0, "", ""},
    {"CodesDiffer", "250-a\r\n550 b\r\n", 0, "", ""},
    {"LongLineIsCut", "250 " + std::string(200'000, 'x') + "\r\n", 250, "", nullptr},
    {"OverFourMebibytes", "250 " + std::string(5'000'000, 'x') + "\r\n", 0, "", ""},
};

class ReplyTest : public testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(Rows, ReplyTest, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

void expect_read(const Row& row, ReplyParser& parser) {
  if (row.code == 0) {
    EXPECT_EQ(parser.state(), ReplyParser::State::unreadable);
    return;
  }
  ASSERT_EQ(parser.state(), ReplyParser::State::complete);
  EXPECT_EQ(parser.reply().code, row.code);
  EXPECT_EQ(parser.reply().status, row.status);
  if (row.words != nullptr) {
    EXPECT_EQ(parser.reply().words(), row.words);
  }
  EXPECT_LE(parser.reply().words().size(), 1000U);
  EXPECT_TRUE(is_valid_utf8(parser.reply().words()));
}

TEST_P(ReplyTest, ReadsAsAWhole) {
  ReplyParser parser;
  parser.feed(GetParam().bytes);
  expect_read(GetParam(), parser);
}

TEST_P(ReplyTest, ReadsTheSameFromEverySplit) {
  const std::string& bytes = GetParam().bytes;
  if (bytes.size() > 1000) {
    ReplyParser parser;
    for (std::size_t at = 0; at < bytes.size(); at += 7)
      parser.feed(std::string_view{bytes}.substr(at, 7));
    expect_read(GetParam(), parser);
    return;
  }
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ReplyParser parser;
    parser.feed(std::string_view{bytes}.substr(0, cut));
    if (parser.state() == ReplyParser::State::more)
      parser.feed(std::string_view{bytes}.substr(cut));
    expect_read(GetParam(), parser);
  }
  ReplyParser parser;
  for (const char& byte : bytes) parser.feed({&byte, 1});
  expect_read(GetParam(), parser);
}

TEST(Reply, WhatFollowsTheReplyIsLeftAlone) {
  ReplyParser parser;
  EXPECT_EQ(parser.feed("250 ok\r\n421 bye\r\n"), 8U);
  EXPECT_EQ(parser.reply().code, 250);
}

TEST(Reply, AMegabyteOfLinesIsReadInLittleTimeAndMemory) {
  std::string bytes;
  while (bytes.size() < 1'000'000) bytes += "250-all is well\r\n";
  bytes += "250 end\r\n";
  ReplyParser parser;
  parser.feed(bytes);
  ASSERT_EQ(parser.state(), ReplyParser::State::complete);
  EXPECT_EQ(parser.reply().lines.size(), 128U);
}

}  // namespace
}  // namespace trust::smtp
