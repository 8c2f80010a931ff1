#include "lib/mail/header.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/fakes/cpu_time.h"

namespace trust::mail {
namespace {

using namespace std::string_literals;

TEST(Header, KeepsOrderRawValuesAndWhiteSpaceOfFoldedLines) {
  const Header h = Header::read("Subject:  one\r\n\ttwo \r\n three\r\nX-Empty:\r\nX-Last: end");
  ASSERT_EQ(h.fields().size(), 3U);
  EXPECT_EQ(h.fields()[0].name, "Subject");
  EXPECT_EQ(h.value("subject"), "one\ttwo  three");
  EXPECT_TRUE(h.has("x-empty"));
  EXPECT_EQ(h.value("X-Empty"), "");
  EXPECT_EQ(h.value("X-Last"), "end");
  EXPECT_FALSE(h.has("To"));
}

TEST(Header, TheFirstOfDoubledFieldsWinsAndTheCountTells) {
  const Header h = Header::read("From: a@example.org\nfrom: b@example.org\n");
  EXPECT_EQ(h.value("From"), "a@example.org");
  EXPECT_EQ(h.count("FROM"), 2U);
  EXPECT_EQ(h.values("From").size(), 2U);
}

TEST(Header, DamagedLinesAreSkippedAndTheRestIsRead) {
  const Header h = Header::read(
      "From ann Tue Nov 24\nno field here\n : nothing\n:empty\nA : 1\n\x01: x\nB: 2\n\n\nC: 3\n");
  EXPECT_EQ(h.value("A"), "1");
  EXPECT_EQ(h.value("B"), "2");
  EXPECT_EQ(h.value("C"), "3");
  EXPECT_EQ(h.fields().size(), 3U);
}

TEST(Header, NulsAndControlsEndNothing) {
  const Header h = Header::read("Subject: a\0b\nTo: x\0\n"s);
  EXPECT_EQ(decode_text(h.value("Subject")).text,
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_TRUE(decode_text(h.value("Subject")).lossy);
  EXPECT_EQ(h.fields().size(), 2U);
}

// mimetic's typed accessors corrupt memory on these; raw values must not.
TEST(Header, GroupsWithoutMembersAreHarmless) {
  const Header h = Header::read("To: a:\r\nCc: Undisclosed recipients:\r\nContent-Type: ;;;\r\n");
  EXPECT_EQ(h.value("To"), "a:");
  EXPECT_EQ(h.value("Cc"), "Undisclosed recipients:");
}

TEST(Header, EachValueIsBounded) {
  const Header h = Header::read("A: " + std::string(1U << 20U, 'x') + "\nB: 2\n");
  EXPECT_EQ(h.value("A").size(), (64U << 10U) - 1);
  EXPECT_EQ(h.value("B"), "2");

  std::string many = "X: " + std::string(1U << 20U, 'x') + "\nFrom: ann@example.org\n";
  for (int i = 0; i < 100'000; ++i) many += "A: " + std::to_string(i) + "\n";
  const Header bounded = Header::read(many);
  EXPECT_EQ(bounded.value("From"), "ann@example.org");
  std::size_t bytes = 0;
  for (const Field& field : bounded.fields()) bytes += field.name.size() + field.value.size();
  EXPECT_LE(bytes, 256U << 10U);
  EXPECT_GE(bytes, 128U << 10U);
}

struct Words {
  const char* name;
  std::string raw, text;
  bool lossy = false;
};
void PrintTo(const Words& c, std::ostream* out) { *out << c.name; }
class WordsTest : public testing::TestWithParam<Words> {};

TEST_P(WordsTest, AreDecodedAsTheirWriterMeantThem) {
  const DecodedText got = decode_text(GetParam().raw);
  EXPECT_EQ(got.text, GetParam().text);
  EXPECT_EQ(got.lossy, GetParam().lossy);
}

const Words kWords[] = {
    {"Plain", " a  b\t c ", "a b c"},
    {"Quoted", "=?iso-8859-1?Q?Gr=FC=DFe_aus?= Köln", "Grüße aus Köln"},
    {"Base64LowerCase", "=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"},
    {"Language", "=?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"},
    {"SpaceBetweenWordsGoes", "=?utf-8?Q?a?= \r\n =?utf-8?Q?b?=", "ab"},
    {"SpaceBetweenWordAndTextStays", "=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"},
    {"WordsWithoutSpace", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"},
    {"GluedToText", "x=?utf-8?Q?=C3=A9?=y", "xéy"},
    {"CharacterCutBetweenWords", "=?utf-8?B?w?= =?utf-8?Q?=C3?= =?UTF8?Q?=A9?=", "é"},
    {"CharacterCutBetweenQuotedWords",
     "=?utf-8?Q?Gr=C3?= =?utf-8?Q?=BC=C3?=\n =?utf-8?Q?=9Fe?=", "Grüße"},
    {"Base64CutBetweenWords", "=?utf-8?B?R3LDv?= =?utf-8?B?MOfZQ==?=", "Grüße"},
    {"CutAtTheEnd", "=?utf-8?Q?Gr=C3=BC=C3?=", "Grü\xEF\xBF\xBD", true},
    {"Iso2022JpStatePerRun", "=?iso-2022-jp?B?GyRCJUYlOSVI?= =?iso-2022-jp?B?GyhC?=", "テスト"},
    {"TwoCharsets", "=?iso-8859-1?Q?=E9?= =?utf-8?Q?=C3=A9?=", "éé"},
    {"WrongCharset", "=?utf-8?Q?caf=E9?=", "café", true},
    {"CharsetOfNumbers", "=?1252?Q?don=92t?=", "don’t"},
    {"NoCharset", "=??Q?=C3=A9?=", "é"},
    {"UnknownCharset", "=?x-no-such?Q?caf=E9?=", "café", true},
    {"RawUtf8InAWord", "=?utf-8?Q?Grüße?=", "Grüße"},
    {"RawUtf8InAWordOfAnotherCharset",
     "=?1252?Q?Gr\xc3\xbc\xc3\x9f"
     "e?=",
     "Grüße"},
    {"RawUtf8InABase64Word", "=?utf-8?B?Grüße?=", "Grüße"},
    {"SpacesInAWord", "=?utf-8?Q?a b =C3=A9 c?=", "a b é c"},
    {"SpacesInABase64Word", "=?utf-8?B?R3LD vMOf ZQ==?=", "Grüße"},
    {"QuestionMarkInAWord",
     "=?utf-8?Q?why?"
     "?=",
     "why?"},
    {"EqualsAtTheEnd", "=?utf-8?Q?a=?=", "a="},
    {"NotEncoded", "=?utf-8?X?a?= =?utf-8 Q?a?= =?a", "=?utf-8?X?a?= =?utf-8 Q?a?= =?a"},
    {"NeverClosed", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
    {"RawUtf8", "Grüße", "Grüße"},
    {"RawLatin1",
     "Gr\xfc\xdf"
     "e",
     "Grüße", true},
    {"RawJapanese", "\x1b$B%F%9%H\x1b(B", "テスト", true},
    {"EncodedLineEndsAreSpace", "=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"},
    {"EncodedNul", "=?utf-8?Q?a=00b?=",
     "a\xEF\xBF\xBD"
     "b",
     true},
    {"Gb2312", "=?gb2312?B?y7WjrKhD?=", "说，–"},
    {"Empty",
     "=?utf-8?Q?"
     "?=",
     ""},
};
INSTANTIATE_TEST_SUITE_P(Header, WordsTest, testing::ValuesIn(kWords),
                         [](const auto& row) { return std::string{row.param.name}; });

struct Parameters {
  const char* name;
  std::string raw, value, key, text;
};
void PrintTo(const Parameters& c, std::ostream* out) { *out << c.name; }
class ParametersTest : public testing::TestWithParam<Parameters> {};

TEST_P(ParametersTest, AreRead) {
  const Parameterised got = parse_parameters(GetParam().raw);
  EXPECT_EQ(got.value, GetParam().value);
  EXPECT_EQ(got.parameter(GetParam().key), GetParam().text);
}

const Parameters kParameters[] = {
    {"Plain", "Text/Plain; Charset=UTF-8", "text/plain", "charset", "UTF-8"},
    {"Quoted", "a/b; name=\"x; y=\\\"z\\\"\"; q=1", "a/b", "name", "x; y=\"z\""},
    {"AfterQuoted", "a/b; name=\"x; y\"; q=1", "a/b", "q", "1"},
    {"Backslashes", R"(a/b; name="C:\temp\new.txt")", "a/b", "name", R"(C:\temp\new.txt)"},
    {"BlanksInToken", "attachment; filename=my file (1).pdf", "attachment", "filename",
     "my file (1).pdf"},
    {"Comment", "text/plain (hello); charset=utf-8 (Unicode)", "text/plain", "charset", "utf-8"},
    {"NestedComment", "(a (b) ;) text/plain ; (c;d) charset = utf-8", "text/plain", "charset",
     "utf-8"},
    {"NeverClosedQuote", "a/b; name=\"x", "a/b", "name", "x"},
    {"NoBlank", "a/b;name=x;", "a/b", "name", "x"},
    {"FirstWins", "a/b; x=1; x=2", "a/b", "x", "1"},
    {"ValueMissing", "charset=utf-8", "", "charset", "utf-8"},
    {"EncodedField", "=?utf-8?Q?text/plain;_charset=3Dutf-8?=", "text/plain", "charset", "utf-8"},
    {"EncodedWordInQuotes", "a/b; name=\"=?utf-8?Q?Gr=C3=BC=C3=9Fe.txt?=\"", "a/b", "name",
     "Grüße.txt"},
    {"EncodedWordWithoutQuotes", "a/b; name==?utf-8?Q?Gr=C3=BC=C3=9Fe.txt?=", "a/b", "name",
     "Grüße.txt"},
    {"Raw8Bit",
     "a/b; name=\"Gr\xfc\xdf"
     "e.txt\"",
     "a/b", "name", "Grüße.txt"},
    {"Rfc2231", "a/b; name*=iso-8859-1'de'Gr%FC%DFe.txt", "a/b", "name", "Grüße.txt"},
    {"Rfc2231Wins", "a/b; name=plain; name*=utf-8''%C3%A9", "a/b", "name", "é"},
    {"Rfc2231NoCharset", "a/b; name*=''%C3%A9", "a/b", "name", "é"},
    {"Rfc2231BadCharset", "a/b; name*=x-no'x'%C3%A9", "a/b", "name", "é"},
    {"Rfc2231NoQuotes", "a/b; name*=%C3%A9", "a/b", "name", "é"},
    {"Rfc2231BadPercent", "a/b; name*=utf-8''100%.t%zzt", "a/b", "name", "100%.t%zzt"},
    {"Continuations", "a/b; name*0=\"one \"; name*1=two", "a/b", "name", "one two"},
    {"ContinuationsOutOfOrder", "a/b; name*10=k; name*2=c; name*0=a; name*1=b", "a/b", "name",
     "abck"},
    {"ContinuationsEncoded", "a/b; name*0*=utf-8''Gr%C3; name*1*=%BC%C3%9Fe; name*2=\"%.txt\"",
     "a/b", "name", "Grüße%.txt"},
    {"ContinuationsWithGap", "a/b; name*1=b; name*0=a; name*5=c", "a/b", "name", "abc"},
    {"EmptyName", "a/b; =x; *=y; y=1", "a/b", "y", "1"},
    {"OnlySemicolons", ";;;;", "", "x", ""},
};
INSTANTIATE_TEST_SUITE_P(Header, ParametersTest, testing::ValuesIn(kParameters),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Header, ParametersTellOfGuesses) {
  EXPECT_TRUE(parse_parameters("a/b; name*=utf-8''%E9t%E9").lossy);
  EXPECT_FALSE(parse_parameters("a/b; name*=utf-8''%C3%A9").lossy);
}

TEST(MessageIds, AreReadWithoutBrackets) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(parse_message_ids(" <a@x> (c) <b@y>\t<a@x>"), (Ids{"a@x", "b@y", "a@x"}));
  EXPECT_EQ(parse_message_ids("<> < > <a@x>"), (Ids{"a@x"}));
  EXPECT_EQ(parse_message_ids("<long\r\n id@x>"), (Ids{"longid@x"}));
  EXPECT_EQ(parse_message_ids("a@x b"), (Ids{"a@x"}));
  EXPECT_EQ(parse_message_ids("Your message of Tue <a@x"), Ids{});
  EXPECT_EQ(parse_message_ids("=?utf-8?q?=3Ca=40x=3E?="), (Ids{"a@x"}));
  EXPECT_EQ(parse_message_ids("<a\xff@x>"), (Ids{"a\xEF\xBF\xBD@x"}));
  EXPECT_EQ(parse_message_ids(""), Ids{});
  EXPECT_EQ(parse_message_ids("<" + std::string(999, 'a') + ">"), Ids{});
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "<a@x>";
  EXPECT_EQ(parse_message_ids(many).size(), 200U);
}

struct Date {
  const char* name;
  const char* raw;
  const char* utc;  ///< "" = none
};
void PrintTo(const Date& c, std::ostream* out) { *out << c.name; }
class DateTest : public testing::TestWithParam<Date> {};

TEST_P(DateTest, IsReadAsUtc) {
  const auto got = parse_date(GetParam().raw);
  EXPECT_EQ(got ? to_rfc3339(*got) : "", GetParam().utc);
}

const Date kDates[] = {
    {"Rfc5322", "Tue, 24 Nov 2026 10:00:05 +0100", "2026-11-24T09:00:05Z"},
    {"Negative", "Tue, 24 Nov 2026 20:00:05 -0530", "2026-11-25T01:30:05Z"},
    {"NoDayNoSeconds", "24 Nov 2026 10:00 +0000", "2026-11-24T10:00:00Z"},
    {"Comment", "Tue, 24 Nov 2026 10:00:00 +0100 (CET (middle))", "2026-11-24T09:00:00Z"},
    {"CommentsEverywhere", "(a)Tue(b),(c)24 (d) Nov 2026 10:00:00(e)+0000", "2026-11-24T10:00:00Z"},
    {"Gmt", "Tue, 24 Nov 2026 10:00:00 GMT", "2026-11-24T10:00:00Z"},
    {"Est", "24 Nov 2026 10:00:00 EST", "2026-11-24T15:00:00Z"},
    {"Pdt", "24 Jul 26 10:00:00 PDT", "2026-07-24T17:00:00Z"},
    {"Military", "24 Nov 2026 10:00:00 A", "2026-11-24T10:00:00Z"},
    {"UnknownZone", "24 Nov 2026 10:00:00 FOOT", "2026-11-24T10:00:00Z"},
    {"NoZone", "24 Nov 2026 10:00:00", "2026-11-24T10:00:00Z"},
    {"TwoDigits99", "Fri, 24 Dec 99 10:00:00 GMT", "1999-12-24T10:00:00Z"},
    {"ThreeDigits", "Fri, 24 Dec 126 10:00:00 GMT", "2026-12-24T10:00:00Z"},
    {"Asctime", "Tue Nov 24 10:00:00 2026", "2026-11-24T10:00:00Z"},
    {"Hyphens", "24-Nov-2026 10:00:00 +0000", "2026-11-24T10:00:00Z"},
    {"FullNames", "Tuesday, 24 November 2026 10:00:00 UTC", "2026-11-24T10:00:00Z"},
    {"ColonInZone", "24 Nov 2026 10:00:00 +01:00", "2026-11-24T09:00:00Z"},
    {"GmtOffset", "24 Nov 2026 10:00:00 GMT+0100", "2026-11-24T09:00:00Z"},
    {"GluedZone", "24 Nov 2026 10:00:00+0100", "2026-11-24T09:00:00Z"},
    {"LeapSecond", "31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59Z"},
    {"OneDigitHour", "4 Nov 2026 9:05:07 +0000", "2026-11-04T09:05:07Z"},
    {"Dots", "24 Nov 2026 10.00.30 +0000", "2026-11-24T10:00:30Z"},
    {"Rfc3339", "2026-11-24T10:00:00+01:00", "2026-11-24T09:00:00Z"},
    {"Folded", "Tue,\r\n 24 Nov 2026\r\n\t10:00:00 +0000", "2026-11-24T10:00:00Z"},
    {"BadDay", "31 Feb 2026 10:00:00 +0000", ""},
    {"BadHour", "24 Nov 2026 25:00:00 +0000", ""},
    {"BadZone", "24 Nov 2026 10:00:00 +9999", ""},
    {"Year1969", "24 Nov 1969 10:00:00 +0000", ""},
    {"Year2201", "24 Nov 2201 10:00:00 +0000", ""},
    {"Year9999999999", "24 Nov 9999999999 10:00:00 +0000", ""},
    {"Words", "yesterday", ""},
    {"Empty", "", ""},
};
INSTANTIATE_TEST_SUITE_P(Header, DateTest, testing::ValuesIn(kDates),
                         [](const auto& row) { return std::string{row.param.name}; });

std::string times(int count, const std::string& text) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Header, BombsTakeLinearTime) {
  struct Bomb {
    const char* name;
    std::string value;
  };
  const Bomb bombs[] = {
      {"words", times(100'000, "=?utf-8?Q?=C3=A9?= ")},
      {"words of two charsets", times(50'000, "=?utf-8?Q?=C3=A9?= =?gbk?Q?=C3=A9?= ")},
      {"openers", times(200'000, "=?a?q?")},
      {"half openers", times(500'000, "=?")},
      {"brackets", times(1'000'000, "(")},
      {"parameters", "a/b" + times(100'000, ";a=b")},
      {"continuations", "a/b" + times(50'000, ";a*1*=b;b*0=c")},
      {"quotes", times(500'000, "\"")},
      {"semicolons", times(1'000'000, ";")},
      {"ids", times(500'000, "<")},
      {"nuls", std::string(1'000'000, '\0')},
      {"8bit", std::string(1'000'000, '\xe9')},
      {"blanks", "a/b;" + std::string(1'000'000, ' ') + "x"},
  };
  for (const Bomb& bomb : bombs) {
    const test::CpuTime cpu;
    decode_text(bomb.value);
    parse_parameters(bomb.value);
    parse_message_ids(bomb.value);
    parse_date(bomb.value);
    Header::read("Subject: " + bomb.value);
    EXPECT_LT(cpu.spent(), std::chrono::seconds{1}) << bomb.name;
  }
  const test::CpuTime cpu;
  Header::read(times(87'000, "a:\n"));
  Header::read(times(200'000, " \n"));
  EXPECT_LT(cpu.spent(), std::chrono::seconds{1});
}

}  // namespace
}  // namespace trust::mail
