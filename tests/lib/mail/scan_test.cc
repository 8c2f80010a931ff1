#include "lib/mail/scan.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/fakes/cpu_time.h"

namespace trust::mail {
namespace {

struct Case {
  const char* name;
  std::string raw, header, body;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class HeaderBlockTest : public testing::TestWithParam<Case> {};

TEST_P(HeaderBlockTest, EndsWhereTheBodyBegins) {
  const Case& c = GetParam();
  const HeaderBlock block = find_header_block(c.raw, 0, c.raw.size(), {});
  EXPECT_EQ(c.raw.substr(block.begin, block.end - block.begin), c.header);
  EXPECT_EQ(c.raw.substr(block.body), c.body);
  EXPECT_FALSE(block.over_limit);
}

const Case kCases[] = {
    {"Crlf", "A: 1\r\n b\r\nB: 2\r\n\r\nbody", "A: 1\r\n b\r\nB: 2\r\n", "body"},
    {"Lf", "A: 1\nB: 2\n\nbody", "A: 1\nB: 2\n", "body"},
    {"Cr", "A: 1\rB: 2\r\rbody", "A: 1\rB: 2\r", "body"},
    {"CrCrLf", "A: 1\r\r\nB: 2\r\r\n\r\r\nbody", "A: 1\r\r\nB: 2\r\r\n", "body"},
    {"NoBody", "A: 1\nB: 2\n", "A: 1\nB: 2\n", ""},
    {"NoLineEnd", "A: 1", "A: 1", ""},
    {"Empty", "", "", ""},
    {"NoHeader", "Hello there,\nall is broken\n", "", "Hello there,\nall is broken\n"},
    {"BlankLinesFirst", "\r\n\r\nA: 1\r\n\r\nbody", "A: 1\r\n", "body"},
    {"Mbox", "From ann Tue Nov 24\n>From x\nA: 1\n\nbody", "A: 1\n", "body"},
    {"Mark",
     "\xEF\xBB\xBF"
     "A: 1\n\nbody",
     "A: 1\n", "body"},
    {"BlankBeforeColon", "A : 1\n\nbody", "A : 1\n", "body"},
    {"MissingBlankLine", "A: 1\nHello there\n\nmore", "A: 1\n", "Hello there\n\nmore"},
    {"MissingBlankLineThenNote", "A: 1\nHello there\nNote: this\n\nmore", "A: 1\n",
     "Hello there\nNote: this\n\nmore"},
    {"DamagedLine", "A: 1\nrest of it\nMessage-ID: <x>\n\nbody",
     "A: 1\nrest of it\nMessage-ID: <x>\n", "body"},
    {"DamagedLineBeforeASubject", "A: 1\nrest of it\nSubject: x\n\nbody",
     "A: 1\nrest of it\nSubject: x\n", "body"},
    {"BoundaryEndsIt", "A: 1\n--b\nContent-Type: x\n\nbody", "A: 1\n",
     "--b\nContent-Type: x\n\nbody"},
    {"BlanksOnlyIsAContinuation", "A: 1\n  \nB: 2\n\nbody", "A: 1\n  \nB: 2\n", "body"},
};
INSTANTIATE_TEST_SUITE_P(Scan, HeaderBlockTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Scan, LimitsAreToldAndTheBodyIsStillFound) {
  const ScanLimits limits{.header_bytes = 100, .field_bytes = 40};
  const std::string field = "A: " + std::string(50, 'x') + "\n\nbody";
  HeaderBlock block = find_header_block(field, 0, field.size(), limits);
  EXPECT_TRUE(block.over_limit);
  EXPECT_EQ(field.substr(block.body), "body");

  const std::string folded =
      "A: 1\n " + std::string(35, 'x') + "\n " + std::string(35, 'x') + "\n\nbody";
  EXPECT_TRUE(find_header_block(folded, 0, folded.size(), limits).over_limit);

  std::string many;
  for (int i = 0; i < 30; ++i) many += "A: 1\n";
  many += "\nbody";
  block = find_header_block(many, 0, many.size(), limits);
  EXPECT_TRUE(block.over_limit);
  EXPECT_EQ(many.substr(block.body), "body");
}

TEST(Scan, BombsTakeLinearTime) {
  const std::string bombs[] = {std::string(5'000'000, '\r'), std::string(5'000'000, '\n'),
                               std::string(5'000'000, ' '), std::string(5'000'000, 'a'),
                               "A: 1\n" + std::string(5'000'000, ':')};
  for (const std::string& bomb : bombs) {
    const test::CpuTime cpu;
    find_header_block(bomb, 0, bomb.size(), {});
    EXPECT_LT(cpu.spent(), std::chrono::seconds{1});
  }
}

}  // namespace
}  // namespace trust::mail
