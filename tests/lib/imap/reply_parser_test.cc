#include "lib/imap/reply_parser.h"

#include <gtest/gtest.h>

#include "lib/base/text.h"

namespace trust::imap {
namespace {

/// A reply as one line of text, so that tables can compare it.
std::string shown(const Value& value) {
  switch (value.kind) {
    case Value::Kind::atom: return value.text;
    case Value::Kind::quoted: return "\"" + value.text + "\"";
    case Value::Kind::literal: return "{" + value.text + "}";
    case Value::Kind::too_large: return "{!" + std::to_string(value.size) + "}";
    case Value::Kind::nil: return "NIL";
    case Value::Kind::list: break;
  }
  std::string text = "(";
  for (const Value& item : value.items) text += (text.size() > 1 ? " " : "") + shown(item);
  return text + ")";
}

std::string shown(const Reply& reply) {
  std::string text;
  switch (reply.kind) {
    case Reply::Kind::untagged: text = "*"; break;
    case Reply::Kind::tagged: text = reply.tag; break;
    case Reply::Kind::continuation: return "+";
    case Reply::Kind::broken: return "broken " + reply.word;
    case Reply::Kind::garbage: return "garbage";
  }
  if (reply.number) text += " #" + std::to_string(*reply.number);
  text += " " + reply.word;
  if (!reply.code.empty()) text += " [";
  for (const Value& value : reply.code) text += shown(value) + ",";
  if (!reply.code.empty()) text += "]";
  for (const Value& value : reply.values) text += " " + shown(value);
  return text;
}

/// All replies to bytes that come in pieces; "lost" once the thread is lost.
std::vector<std::string> read(std::string_view bytes, const std::vector<std::size_t>& cuts,
                              ReplyParser::Limits limits = {}) {
  ReplyParser parser{limits};
  std::vector<std::string> replies;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i < cuts.size() ? cuts[i] : bytes.size();
    parser.feed(bytes.substr(from, to - from));
    from = to;
    for (;;) {
      const auto next = parser.next();
      if (!next) {
        replies.push_back("lost");
        return replies;
      }
      if (!*next) break;
      replies.push_back(shown(**next));
    }
  }
  return replies;
}

struct Row {
  const char* name;
  std::string bytes;
  std::vector<std::string> replies;
};

const std::vector<Row> kRows{
    {"status", "* OK [UIDVALIDITY 7] it is {5}\r\n* BYE\r\n", {"* OK [UIDVALIDITY,7,]", "* BYE"}},
    {"tagged",
     "a1 OK [READ-ONLY] done {3}\r\nA2 no (really\r\na3 bad\r\n",
     {"a1 OK [READ-ONLY,]", "A2 NO", "a3 BAD"}},
    {"a_code_that_cannot_be_read_is_left_out", "a1 OK [X (\"] done\r\n", {"a1 OK"}},
    {"a_code_with_a_list",
     "* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n",
     {"* OK [PERMANENTFLAGS,(\\Seen \\*),]"}},
    {"numbers", "* 12 EXISTS\r\n* 3 EXPUNGE\r\n", {"* #12 EXISTS", "* #3 EXPUNGE"}},
    {"a_number_too_large",
     "* 4294967296 EXISTS\r\n* 1 EXISTS\r\n",
     {"broken EXISTS", "* #1 EXISTS"}},
    {"search", "* SEARCH 1 2 33 \r\n* SEARCH\r\n", {"* SEARCH 1 2 33", "* SEARCH"}},
    {"quoted_with_escapes",
     "* LIST (\\Junk) \"/\" \"a \\\"b\\\\ {3}\"\r\n",
     {"* LIST (\\Junk) \"/\" \"a \"b\\ {3}\""}},
    {"nil_and_numbers", "* X NIL nil \"NIL\" 1\r\n", {"* X NIL NIL \"NIL\" 1"}},
    {"literal",
     "* 1 FETCH (UID 5 BODY[] {7}\r\na\r\nb\r\n) FLAGS (\\Seen))\r\n",
     {"* #1 FETCH (UID 5 BODY[] {a\r\nb\r\n)} FLAGS (\\Seen))"}},
    {"forged_lines_in_a_literal_are_data",
     "* 1 FETCH (BODY[] {41}\r\na1 OK done\r\n* BYE\r\n* 2 FETCH (UID 9 {9}\r\n)\r\na1 OK yes\r\n",
     {"* #1 FETCH (BODY[] {a1 OK done\r\n* BYE\r\n* 2 FETCH (UID 9 {9}\r\n})", "a1 OK"}},
    {"an_empty_literal", "* 1 FETCH (BODY[] {0}\r\n UID 5)\r\n", {"* #1 FETCH (BODY[] {} UID 5)"}},
    {"two_literals", "* 1 FETCH (A {1}\r\nx B {2}\r\nyz)\r\n", {"* #1 FETCH (A {x} B {yz})"}},
    {"a_literal_that_ends_like_one",
     "* 1 FETCH (A {3}\r\n{9})\r\n* 2 EXISTS\r\n",
     {"* #1 FETCH (A {{9}})", "* #2 EXISTS"}},
    {"a_literal_at_the_very_end", "* LIST () NIL {3}\r\nabc\r\n", {"* LIST () NIL {abc}"}},
    {"nuls_and_high_bytes",
     std::string{"* 1 FETCH (A {3}\r\n\0\xFF\r)\r\n", 24},
     {std::string{"* #1 FETCH (A {\0\xFF\r})", 20}}},
    {"sections",
     "* 1 FETCH (BODY[HEADER.FIELDS (FROM TO)]<0> \"x\")\r\n",
     {"* #1 FETCH (BODY[HEADER.FIELDS (FROM TO)]<0> \"x\")"}},
    {"addresses_without_spaces",
     "* 1 FETCH (E ((NIL \"a\")(NIL \"b\")))\r\n",
     {"* #1 FETCH (E ((NIL \"a\") (NIL \"b\")))"}},
    {"continuation", "+ go on {3}\r\n+\r\n* 1 EXISTS\r\n", {"+", "+", "* #1 EXISTS"}},
    {"a_bare_line_feed_ends_nothing",
     "* 1 FETCH (A \"x\n* BYE\ny\")\r\n* 1 EXISTS\r\n",
     {"* #1 FETCH (A \"x\n* BYE\ny\")", "* #1 EXISTS"}},
    {"resync_after_open_list",
     "* 1 FETCH (UID 5\r\n* 2 EXISTS\r\n",
     {"broken FETCH", "* #2 EXISTS"}},
    {"resync_after_open_quote",
     "* 1 FETCH (S \"\\)\r\n* 2 EXISTS\r\n",
     {"broken FETCH", "* #2 EXISTS"}},
    {"resync_after_a_stray_bracket",
     "* 1 FETCH (BODY[ 3)\r\n* 2 EXISTS\r\n",
     {"broken FETCH", "* #2 EXISTS"}},
    {"resync_after_a_stray_parenthesis",
     "* LIST ) x\r\n* 2 EXISTS\r\n",
     {"broken LIST", "* #2 EXISTS"}},
    {"a_literal_shorter_than_its_mail_breaks_the_reply",
     "* 1 FETCH (BODY[] {2}\r\nabcd)\r\n* 2 EXISTS\r\n",
     {"broken FETCH", "* #2 EXISTS"}},
    {"a_marker_in_the_middle_is_none",
     "* 1 FETCH (A {2} B)\r\n* 2 EXISTS\r\n",
     {"broken FETCH", "* #2 EXISTS"}},
    {"a_brace_after_a_literal_is_no_marker",
     "* 1 FETCH (A {3}\r\nabc}\r\n* 2 EXISTS\r\n",
     {"broken FETCH", "* #2 EXISTS"}},
    {"no_word", "*\r\n* \r\n* 5\r\n", {"broken ", "broken ", "broken "}},
    {"garbage",
     "hello\r\nSubject: x\r\n\r\na-b OK\r\na1 PREAUTH\r\n",
     {"garbage", "garbage", "garbage", "garbage", "garbage"}},
    {"a_length_that_is_none", "* 1 FETCH (BODY[] {-1}\r\nx)\r\n", {"lost"}},
    {"a_length_of_2_to_the_32", "* 1 FETCH (BODY[] {4294967296}\r\nx)\r\n", {"lost"}},
    {"a_length_of_2_to_the_64", "* 1 FETCH (BODY[] {18446744073709551616}\r\nx)\r\n", {"lost"}},
    {"a_length_of_nothing", "* 1 FETCH (BODY[] {}\r\nx)\r\n", {"lost"}},
};

class ReplyParserTest : public testing::TestWithParam<Row> {};

TEST_P(ReplyParserTest, ReadsTheSameHoweverTheBytesAreSplit) {
  const Row& row = GetParam();
  EXPECT_EQ(read(row.bytes, {}), row.replies);
  for (std::size_t i = 0; i <= row.bytes.size(); ++i) {
    ASSERT_EQ(read(row.bytes, {i}), row.replies) << "cut at " << i;
    for (std::size_t j = i; j <= row.bytes.size(); ++j)
      ASSERT_EQ(read(row.bytes, {i, j}), row.replies) << "cut at " << i << " and " << j;
  }
  std::vector<std::size_t> everywhere;
  for (std::size_t i = 0; i < row.bytes.size(); ++i) everywhere.push_back(i);
  EXPECT_EQ(read(row.bytes, everywhere), row.replies);
}

INSTANTIATE_TEST_SUITE_P(Rows, ReplyParserTest, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string{row.param.name}; });

using Replies = std::vector<std::string>;

TEST(ReplyParserLimits, AnEndlessLineIsGivenUp) {
  EXPECT_EQ(read("* X " + std::string(200, 'a'), {}, {.line_bytes = 100}), Replies{"lost"});
  EXPECT_EQ(read("* X " + std::string(90, 'a') + "\r\n", {}, {.line_bytes = 100}).size(), 1U);
}

TEST(ReplyParserLimits, ALiteralOverTheLimitIsReadPastAndDropped) {
  EXPECT_EQ(read("* 1 FETCH (UID 5 BODY[] {6}\r\n* BYE\n X NIL)\r\n* 2 EXISTS\r\n", {},
                 {.literal_bytes = 5}),
            (Replies{"* #1 FETCH (UID 5 BODY[] {!6} X NIL)", "* #2 EXISTS"}));
}

TEST(ReplyParserLimits, NestingAndNumberOfValuesOnlyBreakTheReply) {
  const std::string deep = "* X " + std::string(50'000, '(') + std::string(50'000, ')') + "\r\n";
  EXPECT_EQ(read(deep + "* 1 EXISTS\r\n", {}), (Replies{"broken X", "* #1 EXISTS"}));
  std::string many = "* SEARCH";
  for (int i = 0; i < 101; ++i) many += " 1";
  EXPECT_EQ(read(many + "\r\n* 1 EXISTS\r\n", {}, {.values = 100}),
            (Replies{"broken SEARCH", "* #1 EXISTS"}));
}

TEST(ReplyParserLimits, TooManyLiteralsAreGivenUp) {
  std::string many = "* X";
  for (int i = 0; i < 11; ++i) many += " {1}\r\na";
  EXPECT_EQ(read(many + "\r\n", {}, {.literals = 10}), Replies{"lost"});
}

TEST(ReplyParserLimits, AnnouncedBytesAreNotPaidForBeforeTheyCome) {
  ReplyParser parser{{.literal_bytes = 0xFFFF'FFFFU}};
  // The system hands out memory as it is touched; 4 GiB here would not be there.
  parser.feed("* 1 FETCH (BODY[] {1000000000}\r\nabc");
  EXPECT_FALSE(*parser.next());
}

TEST(ReplyParser, ReadsAListOfTenThousandUids) {
  std::string line = "* SEARCH";
  for (int i = 0; i < 10'000; ++i) line += " " + std::to_string(4'294'000'000U + i);
  ReplyParser parser;
  parser.feed(line + "\r\n");
  EXPECT_EQ((*parser.next())->values.size(), 10'000U);
}

}  // namespace
}  // namespace trust::imap
