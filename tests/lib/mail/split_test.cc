#include "lib/mail/split.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <random>

#include "lib/base/text.h"
#include "tests/fakes/cpu_time.h"

namespace trust::mail {
namespace {

std::string times(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

/// "multipart/mixed[text/plain:4,message/rfc822[text/plain:5]]": types, leaves with their sizes.
std::string outline(const Part& part, std::string_view raw, bool sizes = true) {
  std::string out = part.type;
  if (part.parts.empty() && sizes) out += ":" + std::to_string(part.body(raw).size());
  if (!part.parts.empty()) out += '[';
  for (const Part& child : part.parts)
    out += (out.back() == '[' ? "" : ",") + outline(child, raw, sizes);
  if (!part.parts.empty()) out += ']';
  return out;
}

const std::string kMixed = "Content-Type: multipart/mixed; boundary=b\n\n";
const std::string kText = "Content-Type: text/plain\n\n";

struct Case {
  const char* name;
  std::string raw, outline;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class SplitTest : public testing::TestWithParam<Case> {};

TEST_P(SplitTest, FindsTheTreeWithAnyLineEnd) {
  const Case& c = GetParam();
  EXPECT_EQ(outline(split_parts(c.raw).root, c.raw), c.outline);
  const std::string shape = outline(split_parts(c.raw).root, c.raw, false);
  for (const char* ending : {"\r\n", "\r", "\r\r\n"}) {
    const std::string raw = replace_all(c.raw, "\n", ending);
    EXPECT_EQ(outline(split_parts(raw).root, raw, false), shape);
  }
  EXPECT_EQ(split_parts(c.raw).limit, "");
}

const Case kCases[] = {
    {"Empty", "", "text/plain:0"},
    {"OnlyHeader", "Subject: x\n", "text/plain:0"},
    {"OnlyBody", "\nhello", "text/plain:5"},
    {"Plain", "Subject: x\n\nhello", "text/plain:5"},
    {"BadType", "Content-Type: text\n\nhello", "text/plain:5"},
    {"Html", "Content-Type: TEXT/HTML\n\nhello", "text/html:5"},
    {"Mixed",
     kMixed + "pre\n--b\n" + kText + "one\n--b\nContent-Type: image/png\n\ntwo2\n--b--\npost",
     "multipart/mixed[text/plain:3,image/png:4]"},
    {"EmptyParts", kMixed + "--b\n--b\n\n--b--\n", "multipart/mixed[text/plain:0,text/plain:0]"},
    {"NoHeaderInPart", kMixed + "--b\n\nx\n--b--", "multipart/mixed[text/plain:1]"},
    {"NoBlankLineInPart", kMixed + "--b\nContent-Type: text/html\n--b--\n",
     "multipart/mixed[text/html:0]"},
    {"NeverClosed", kMixed + "--b\n\nx\n", "multipart/mixed[text/plain:1]"},
    {"BlanksBehindTheBoundary", kMixed + "--b \t\n\nx\n--b-- \n--b\n\ny",
     "multipart/mixed[text/plain:1]"},
    {"LongerLineIsNoBoundary", kMixed + "--b\n\nx\n--bb\n--b-\n --b\ny\n--b--",
     "multipart/mixed[text/plain:18]"},
    {"BoundaryThatEndsInDashes",
     "Content-Type: multipart/mixed; boundary=\"b--\"\n\n--b--\n\nx\n--b----\n",
     "multipart/mixed[text/plain:1]"},
    {"NoBoundary", "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--", "text/plain:12"},
    {"EmptyBoundary", "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx\n----",
     "text/plain:10"},
    {"WrongBoundary", kMixed + "--c\n\nx\n--c--", "text/plain:12"},
    {"Nested",
     kMixed + "--b\nContent-Type: multipart/alternative; "
              "boundary=c\n\n--c\n\n1\n--c\n\n2\n--c--\n\n--b\n\n3\n--b--",
     "multipart/mixed[multipart/alternative[text/plain:1,text/plain:1],text/plain:1]"},
    {"InnerNeverClosed",
     kMixed + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\n1\n--b\n\n3\n--b--",
     "multipart/mixed[multipart/alternative[text/plain:1],text/plain:1]"},
    {"InnerPrefixOfOuter",
     "Content-Type: multipart/mixed; boundary=bb\n\n--bb\n" + kMixed +
         "--b\n\n1\n--bb\n\n2\n--bb--",
     "multipart/mixed[multipart/mixed[text/plain:1],text/plain:1]"},
    {"SameBoundaryTwice", kMixed + "--b\n" + kMixed + "--b\n\n1\n--b--\n--b\n\n2\n--b--",
     "multipart/mixed[multipart/mixed[text/plain:1],text/plain:1]"},
    {"MailInside", kMixed + "--b\nContent-Type: message/rfc822\n\nSubject: in\n\nhello\n--b--",
     "multipart/mixed[message/rfc822[text/plain:5]]"},
    {"MailInsideMail", "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nA: 1\n\nx",
     "message/rfc822[message/rfc822[text/plain:1]]"},
    {"MultipartInsideMail",
     kMixed + "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; "
              "boundary=c\n\n--c\n\nx\n--c--\n--b\n\ny\n--b--",
     "multipart/mixed[message/rfc822[multipart/mixed[text/plain:1]],text/plain:1]"},
    {"EncodedMailIsALeaf",
     "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQTogMQoK",
     "message/rfc822:8"},
    {"Digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: 1\n\nx\n--b--",
     "multipart/digest[message/rfc822[text/plain:1]]"},
    {"QuotedBoundary",
     "Content-Type: multipart/mixed;\n boundary=\"=_(a); b\"\n\n--=_(a); b\n\nx\n--=_(a); b--",
     "multipart/mixed[text/plain:1]"},
    {"Mbox", "From ann Tue Nov 24\n" + kMixed + "--b\n\nx\n--b--", "multipart/mixed[text/plain:1]"},
    {"Mark", "\xEF\xBB\xBF" + kMixed + "--b\n\nx\n--b--", "multipart/mixed[text/plain:1]"},
};
INSTANTIATE_TEST_SUITE_P(Split, SplitTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Split, TellsWhatTheHeaderSays) {
  const std::string raw =
      "Content-Type: Text/Plain; charset=\"ISO-8859-1\"; format=Flowed; name=a.txt\r\n"
      "Content-Disposition: ATTACHMENT; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt\r\n"
      "Content-Transfer-Encoding: Base64 (yes)\r\n\r\nAAAA\r\n";
  const Part part = split_parts(raw).root;
  EXPECT_EQ(part.type, "text/plain");
  EXPECT_EQ(part.charset, "iso-8859-1");
  EXPECT_TRUE(part.format_flowed);
  EXPECT_EQ(part.disposition, "attachment");
  EXPECT_EQ(part.name, "Grüße.txt");
  EXPECT_FALSE(part.name_lossy);
  EXPECT_EQ(part.encoding, "base64");
  EXPECT_EQ(part.body(raw), "AAAA\r\n");
  EXPECT_EQ(part.header(raw).substr(0, 8), "Content-");
}

TEST(Split, UnknownDispositionsAreAttachments) {
  EXPECT_EQ(split_parts("Content-Disposition: formdata\n\n").root.disposition, "attachment");
  EXPECT_EQ(split_parts("Content-Disposition: Inline; x=y\n\n").root.disposition, "inline");
  EXPECT_EQ(split_parts("A: 1\n\n").root.disposition, "");
}

std::size_t depth_of(const Part& part) {
  std::size_t deepest = 0;
  for (const Part& child : part.parts) deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

TEST(Split, LimitsAreHeldAndNamed) {
  std::string deep;
  for (int i = 0; i < 50'000; ++i)
    deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" +
            std::to_string(i) + "\n";
  Tree tree = split_parts(deep);
  EXPECT_EQ(tree.limit, "too_deep");
  EXPECT_EQ(depth_of(tree.root), 101U);

  const std::string mails = times(50'000, "Content-Type: message/rfc822\n\n");
  tree = split_parts(mails);
  EXPECT_EQ(tree.limit, "too_deep");
  EXPECT_LE(depth_of(tree.root), 101U);

  const std::string many = kMixed + times(50'000, "--b\n\nx\n");
  tree = split_parts(many);
  EXPECT_EQ(tree.limit, "too_many_parts");
  EXPECT_EQ(tree.root.parts.size(), 9'999U);
  EXPECT_EQ(tree.root.parts.back().body(many), "x");

  EXPECT_EQ(split_parts("A: " + std::string(70'000, 'x') + "\n\nbody").limit, "field_too_long");
  EXPECT_EQ(split_parts("A: " + std::string(1'000'000, 'x') + "\n\nbody").limit, "header_too_long");
  const std::string large = "A: 1\n\n" + std::string(1000, 'x');
  tree = split_parts(large, {.message_bytes = 500});
  EXPECT_EQ(tree.limit, "message_too_large");
  EXPECT_EQ(tree.root.body_end, 500U);
}

TEST(Split, BombsTakeLinearTime) {
  struct Bomb {
    const char* name;
    std::string raw;
  };
  std::string nested;
  for (int i = 0; i < 99; ++i)
    nested += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" +
              std::to_string(i) + "\n";
  const std::string wide =
      "Content-Type: multipart/mixed; boundary=" + std::string(1000, '-') + "\n\n";
  const Bomb bombs[] = {
      {"dashes", kMixed + times(20'000'000, "-")},
      {"lines of dashes", nested + times(4'000'000, "--\n")},
      {"almost boundaries", nested + times(2'000'000, "--b98x\n")},
      {"wide", wide + times(20'000, std::string(998, '-') + "\n")},
      {"wide and blanks",
       wide + times(20'000, std::string(500, '-') + std::string(500, ' ') + "x")},
      {"parts", kMixed + times(1'000'000, "--b\n")},
      {"open and close", kMixed + times(500'000, "--b\n--b--\n")},
      {"cr", kMixed + times(20'000'000, "\r")},
      {"nul", times(20'000'000, std::string(1, '\0'))},
      {"headers", times(9'000, "Content-Type: multipart/mixed; boundary=b\n\n--b\n")},
  };
  for (const Bomb& bomb : bombs) {
    const test::CpuTime cpu;
    split_parts(bomb.raw);
    EXPECT_LT(cpu.spent(), std::chrono::seconds{1}) << bomb.name;
  }
}

/// Every part lies inside its parent, in order, and every offset inside the mail.
void check_ranges(const Part& part, std::size_t begin, std::size_t end) {
  ASSERT_LE(begin, part.header_begin);
  ASSERT_LE(part.header_begin, part.header_end);
  ASSERT_LE(part.header_end, part.body_begin);
  ASSERT_LE(part.body_begin, part.body_end);
  ASSERT_LE(part.body_end, end);
  std::size_t from = part.body_begin;
  for (const Part& child : part.parts) {
    check_ranges(child, from, part.body_end);
    from = child.body_end;
  }
}

TEST(Split, RandomMailsGiveNestedRanges) {
  std::mt19937 random{20261124};
  const std::string pieces[] = {"--b\n",
                                "--b--\n",
                                "--c\r\n",
                                "--c--\n",
                                "\n",
                                "\r\n",
                                "\r",
                                "x",
                                "--",
                                " ",
                                kMixed,
                                kText,
                                "Content-Type: multipart/digest; boundary=c\n\n",
                                "Content-Type: message/rfc822\n\n",
                                "Subject: y\n",
                                "text\n",
                                std::string(1, '\0')};
  for (int round = 0; round < 20'000; ++round) {
    std::string raw = round % 2 == 0 ? kMixed : "";
    for (int i = 0; i < 30; ++i) raw += pieces[random() % std::size(pieces)];
    check_ranges(split_parts(raw, {.depth = 5, .parts = 20}).root, 0, raw.size());
    if (HasFatalFailure()) FAIL() << raw;
  }
}

}  // namespace
}  // namespace trust::mail
