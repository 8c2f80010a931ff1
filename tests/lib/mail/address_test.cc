#include "lib/mail/address.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/fakes/cpu_time.h"

namespace trust::mail {

void PrintTo(const Address& a, std::ostream* out) { *out << a.name << " <" << a.address << ">"; }

namespace {

using namespace std::string_literals;
using List = std::vector<Address>;

struct Case {
  const char* name;
  std::string raw;
  List list;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class AddressListTest : public testing::TestWithParam<Case> {};

TEST_P(AddressListTest, GivesEveryMailbox) {
  EXPECT_EQ(parse_address_list(GetParam().raw), GetParam().list);
}

const Case kCases[] = {
    {"Bare", "Ann@Example.ORG", {{"", "ann@example.org"}}},
    {"Named", "Ann Lee <ann@example.org>", {{"Ann Lee", "ann@example.org"}}},
    {"Quoted", R"("Lee, \"A\" Ann" <ann@example.org>)", {{R"(Lee, "A" Ann)", "ann@example.org"}}},
    {"CommentAsName", "ann@example.org (Ann Lee)", {{"Ann Lee", "ann@example.org"}}},
    {"Several",
     "a@example.org, B <b@example.net>,,c@example.com",
     {{"", "a@example.org"}, {"B", "b@example.net"}, {"", "c@example.com"}}},
    {"Group",
     "Friends: a@example.org, B <b@example.net>;, c@example.com",
     {{"", "a@example.org"}, {"B", "b@example.net"}, {"", "c@example.com"}}},
    {"EmptyGroup", "a:", {}},
    {"UndisclosedRecipients", "Undisclosed recipients:;", {}},
    {"GroupNeverClosed", "a: b@example.org", {{"", "b@example.org"}}},
    {"Route", "<@one.example,@two.example:ann@example.org>", {{"", "ann@example.org"}}},
    {"ObsoleteSpaces", "Ann < ann . lee @ example . org >", {{"Ann", "ann.lee@example.org"}}},
    {"CommentsInside", "(a)Ann(b) <(c)ann@example.org>(d)", {{"Ann", "ann@example.org"}}},
    {"NoBrackets", "Ann Lee ann@example.org", {{"Ann Lee", "ann@example.org"}}},
    {"MissingComma",
     "A <a@example.org> B <b@example.org>",
     {{"A", "a@example.org"}, {"B", "b@example.org"}}},
    {"Semicolons", "a@example.org; b@example.org", {{"", "a@example.org"}, {"", "b@example.org"}}},
    {"AngleNeverClosed",
     "Ann <ann@example.org, b@example.org",
     {{"Ann", "ann@example.org"}, {"", "b@example.org"}}},
    {"QuoteNeverClosed", "\"Ann <ann@example.org>", {{"Ann", "ann@example.org"}}},
    {"CommentNeverClosed", "ann@example.org (Ann", {{"", "ann@example.org"}}},
    {"EmptyAngle", "Ann <>", {}},
    {"Mailto", "mailto:ann@example.org", {{"", "ann@example.org"}}},
    {"MailtoInAngle", "<mailto:ann@example.org>", {{"", "ann@example.org"}}},
    {"TrailingDot", "ann@example.org.", {{"", "ann@example.org"}}},
    {"EncodedName", "=?utf-8?Q?J=C3=B6rg?= <j@example.org>", {{"Jörg", "j@example.org"}}},
    {"EncodedNameInQuotes",
     "\"=?utf-8?Q?J=C3=B6rg?=\" <j@example.org>",
     {{"Jörg", "j@example.org"}}},
    {"CommaInAnEncodedWord",
     "=?utf-8?Q?Lee,_J=C3=B6rg?= <j@example.org>",
     {{"Lee, Jörg", "j@example.org"}}},
    {"RawLatin1Name", "J\xf6rg <j@example.org>", {{"Jörg", "j@example.org"}}},
    {"InternationalDomain", "j@Bücher.example", {{"", "j@bücher.example"}}},
    {"BadUtf8InAddress", "j\xff@example.org", {{"", "jÿ@example.org"}}},
    // What stands in quotes is a local part and never an address of its own.
    {"AddressInQuotes",
     "\"ann@evil.example x\"@example.org",
     {{"", "\"ann@evil.example x\"@example.org"}}},
    {"AddressAsName",
     "\"security@example.org\" <x@evil.example>",
     {{"security@example.org", "x@evil.example"}}},
    {"QuotedWithoutNeed", "\"ann\"@example.org", {{"", "ann@example.org"}}},
    {"DomainLiteral", "ann@[192.0.2.1]", {{"", "ann@[192.0.2.1]"}}},
    {"EncodedAddressStaysEncoded", "=?utf-8?Q?ann=40example.org?=", {}},
    {"NoAddress", "Ann Lee", {}},
    {"OnlyAt", "@, a@, @b", {}},
    {"ControlInAddress", "ann\x01@example.org", {}},
    {"LineEndInName",
     "\"Ann\r\nBcc: x@example.org\" <ann@example.org>",
     {{"Ann Bcc: x@example.org", "ann@example.org"}}},
    {"Empty", "", {}},
};
INSTANTIATE_TEST_SUITE_P(Address, AddressListTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

struct Strict {
  const char* name;
  std::string text;
  std::string address;  ///< "" = refused
};
void PrintTo(const Strict& c, std::ostream* out) { *out << c.name; }
class StrictAddressTest : public testing::TestWithParam<Strict> {};

TEST_P(StrictAddressTest, IsOneAddrSpecOrNothing) {
  const auto got = strict_address(GetParam().text);
  if (GetParam().address.empty()) {
    ASSERT_FALSE(got) << *got;
    EXPECT_EQ(got.error().fault(), Fault::invalid);
  } else {
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ(*got, GetParam().address);
  }
}

const Strict kStrict[] = {
    {"Plain", "Ann.Lee+tag@Example.ORG", "ann.lee+tag@example.org"},
    {"Localhost", "ann@localhost", "ann@localhost"},
    {"Idn", "ann@Bücher.example", "ann@xn--bcher-kva.example"},
    {"IdnSharpS", "ann@faß.example", "ann@xn--fa-hia.example"},
    {"ALabel", "ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"},
    {"FullStopOfChina", "ann@bücher。example", "ann@xn--bcher-kva.example"},
    {"LeadingHyphen", "-oQ/tmp@example.org", "-oq/tmp@example.org"},
    {"Local64", std::string(64, 'a') + "@example.org", std::string(64, 'a') + "@example.org"},
    {"Local65", std::string(65, 'a') + "@example.org", ""},
    {"Long",
     "a@" + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(63, 'd') + "." +
         std::string(63, 'e') + ".org",
     ""},
    {"LongLabel", "a@" + std::string(64, 'b') + ".org", ""},
    {"Empty", "", ""},
    {"NoAt", "ann", ""},
    {"NoLocal", "@example.org", ""},
    {"NoDomain", "ann@", ""},
    {"TwoAts", "ann@evil.example@example.org", ""},
    {"NoDot", "ann@intranet", ""},
    {"Quoted", "\"ann\"@example.org", ""},
    {"QuotedAt", "\"x@evil.example y\"@example.org", ""},
    {"Comment", "ann(c)@example.org", ""},
    {"CommentBehind", "ann@example.org (Ann)", ""},
    {"Angle", "<ann@example.org>", ""},
    {"Name", "Ann <ann@example.org>", ""},
    {"Route", "@a.example:ann@example.org", ""},
    {"Literal", "ann@[192.0.2.1]", ""},
    {"IpAddress", "ann@192.0.2.1", ""},
    {"BlankBefore", " ann@example.org", ""},
    {"BlankInside", "ann @example.org", ""},
    {"LineFeed", "ann@example.org\n", ""},
    {"Command", "ann@example.org\r\nRCPT TO:<b@example.org>", ""},
    {"CrInLocal", "ann\r@example.org", ""},
    {"Nul", "ann@example.org\0.evil.example"s, ""},
    {"NulInLocal", "ann\0@example.org"s, ""},
    {"Percent0d", "ann%0d%0a@example.org", "ann%0d%0a@example.org"},
    {"EncodedWord", "=?utf-8?q?ann?=@example.org", ""},
    {"EncodedDomain", "ann@=?utf-8?q?example.org?=", ""},
    {"NonAsciiLocal", "änn@example.org", ""},
    {"LineSeparator", "ann@exam\xE2\x80\xA8ple.org", ""},
    {"NextLine", "ann@exam\xC2\x85ple.org", ""},
    {"ZeroWidthIsMappedAway", "ann@exam\xE2\x80\x8Bple.org", "ann@example.org"},
    {"FullWidthAt", "ann＠example.org", ""},
    {"FullWidthSlash", "ann@example／x.org", ""},
    {"BadALabel", "ann@xn--a.example", ""},
    {"ALabelOfAscii", "ann@xn--example-.org", ""},
    {"BadUtf8", "ann@b\xff.example", ""},
    {"DoubleDot", "ann..lee@example.org", ""},
    {"LeadingDot", ".ann@example.org", ""},
    {"TrailingDot", "ann.@example.org", ""},
    {"DomainDoubleDot", "ann@example..org", ""},
    {"DomainTrailingDot", "ann@example.org.", ""},
    {"DomainLeadingHyphen", "ann@-example.org", ""},
    {"Underscore", "ann@ex_ample.org", ""},
    {"Semicolon", "ann@example.org;b@example.org", ""},
    {"Comma", "a@example.org,b@example.org", ""},
};
INSTANTIATE_TEST_SUITE_P(Address, StrictAddressTest, testing::ValuesIn(kStrict),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Address, StrictIsItsOwnFixedPoint) {
  for (const Strict& row : kStrict) {
    if (row.address.empty()) continue;
    EXPECT_EQ(*strict_address(row.address), row.address) << row.name;
  }
}

TEST(Address, DomainIsBehindTheLastAt) {
  EXPECT_EQ(domain_of("\"a@b\"@example.org"), "example.org");
  EXPECT_EQ(domain_of("ann"), "");
  EXPECT_EQ(domain_of("ann@"), "");
}

std::string times(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Address, BombsTakeLinearTimeAndGiveAtMostAThousand) {
  struct Bomb {
    const char* name;
    std::string value;
  };
  const Bomb bombs[] = {
      {"addresses", times(100'000, "Ann <a@example.org>, ")},
      {"names", times(100'000, "Ann Lee, ")},
      {"comments", times(1'000'000, "(")},
      {"closed comments", times(500'000, "(") + times(500'000, ")") + "a@example.org"},
      {"quotes", times(500'000, "\" ")},
      {"escaped", times(500'000, "\"\\")},
      {"angles", times(1'000'000, "<")},
      {"blanks and ats", "<" + std::string(500'000, ' ') + std::string(500'000, '@')},
      {"routes", "<" + times(300'000, "@a,") + ":b@c>"},
      {"colons", times(1'000'000, ":")},
      {"groups", times(300'000, "a:;")},
      {"words", times(100'000, "=?utf-8?Q?a?= ") + "<a@example.org>"},
      {"openers", times(200'000, "=?a?q?")},
      {"backslashes", times(1'000'000, "\\")},
      {"dots", "a@" + times(500'000, ".")},
      {"one", std::string(1'000'000, 'a') + "@example.org"},
      {"blanks", times(300'000, "a ") + "a@b"},
  };
  for (const Bomb& bomb : bombs) {
    const test::CpuTime cpu;
    EXPECT_LE(parse_address_list(bomb.value).size(), 1000U) << bomb.name;
    EXPECT_FALSE(strict_address(bomb.value)) << bomb.name;
    EXPECT_LT(cpu.spent(), std::chrono::seconds{1}) << bomb.name;
  }
  EXPECT_EQ(parse_address_list(bombs[0].value).size(), 1000U);
}

}  // namespace
}  // namespace trust::mail
