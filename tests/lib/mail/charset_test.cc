#include "lib/mail/charset.h"

#include <gtest/gtest.h>

#include <chrono>

#include "lib/base/text.h"
#include "tests/fakes/cpu_time.h"

namespace trust::mail {
namespace {

struct Case {
  const char* name;
  std::string bytes;
  const char* label;
  std::string text;
  bool lossy;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class CharsetTest : public testing::TestWithParam<Case> {};

TEST_P(CharsetTest, GivesTheTextAndSaysWhetherItGuessed) {
  const DecodedText got = to_utf8(GetParam().bytes, GetParam().label);
  EXPECT_EQ(got.text, GetParam().text);
  EXPECT_EQ(got.lossy, GetParam().lossy);
}

using namespace std::string_literals;

// Bytes made with Python's codecs.
const Case kCases[] = {
    {"Utf8", "Grüße", "utf-8", "Grüße", false},
    {"QuotedLabel", "Grüße", " \"UTF8\" ", "Grüße", false},
    {"LabelWithLanguage",
     "Gr\xfc\xdf"
     "e",
     "iso-8859-1*de", "Grüße", false},
    {"Latin1IsWindows1252", "\x93na\xefve\x94 \x80", "iso-8859-1", "“naïve” €", false},
    {"BareNumber1252", "don\x92t", "1252", "don’t", false},
    {"Cp1252", "don\x92t", "cp1252", "don’t", false},
    {"AnsiX34IsAscii", "plain", "ANSI_X3.4-1968", "plain", false},
    {"AsciiThatIsUtf8", "Grüße", "us-ascii", "Grüße", false},
    {"AsciiThatIsLatin1",
     "Gr\xfc\xdf"
     "e",
     "us-ascii", "Grüße", true},
    {"Utf8ThatIsLatin1",
     "Gr\xfc\xdf"
     "e aus K\xf6ln",
     "utf-8", "Grüße aus Köln", true},
    {"Utf8CutInsideACharacter", "日本\xe8\xaa", "utf-8", "日本\xEF\xBF\xBD", true},
    {"Utf8WithOneBadByte", "日本\xff語", "utf-8", "日本\xEF\xBF\xBD語", true},
    {"OverlongAndSurrogate", "é\xc0\xaf\xed\xa0\x80 ééééé", "utf-8",
     "é\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD ééééé", true},
    {"NothingDeclaredUtf8", "Grüße", "", "Grüße", false},
    {"NothingDeclaredLatin1",
     "Gr\xfc\xdf"
     "e",
     "", "Grüße", true},
    {"NothingDeclaredJapanese", "\x1b$B%F%9%H\x1b(B", "", "テスト", true},
    {"UnknownLabel",
     "Gr\xfc\xdf"
     "e",
     "x-nonsense", "Grüße", true},
    {"UnknownLabelAscii", "plain", "unknown-8bit", "plain", false},
    {"Gb2312MeansGb18030", "\xcb\xb5\xa3\xba\xa8\x43 \x81\x30\x81\x32", "gb2312", "说：– \xC2\x82",
     false},
    {"GbkEuro", "\x80 5", "gbk", "€ 5", false},
    {"Big5", "\xa4\xa4\xa4\xe5", "big5", "中文", false},
    {"ShiftJisKeepsBackslash", "C:\\\x83\x65\x83\x58\x83\x67", "Shift_JIS", "C:\\テスト", false},
    {"ShiftJisWithOneBadByte", "\x83\x65\x83\x58\x83\x67\x83\x65\x83\x58\x83\x67\xff", "shift_jis",
     "テストテスト\xEF\xBF\xBD", true},
    {"EucJp", "\xa5\xc6\xa5\xb9\xa5\xc8", "euc-jp", "テスト", false},
    {"EucJpNecSpecials", "\xad\xa1", "euc-jp", "①", false},
    {"Iso2022Jp", "\x1b$B%F%9%H\x1b(B ok", "iso-2022-jp", "テスト ok", false},
    {"Iso2022JpWithoutLastEscape", "\x1b$B%F%9%H", "iso-2022-jp", "テスト", false},
    {"Iso2022JpCutInACharacter", "\x1b$B%F%9%", "iso-2022-jp", "テス\xEF\xBF\xBD", true},
    {"Iso2022JpCutInAnEscape", "\x1b$B%F%9%H\x1b(", "iso-2022-jp", "テスト\xEF\xBF\xBD", true},
    {"Iso2022JpNewLineEndsKanji", "\x1b$B%F%9%H\nplain", "iso-2022-jp", "テスト\nplain", false},
    {"Iso2022JpHalfWidthKana", "\x1b(I1\x1b(B", "iso-2022-jp", "ｱ", false},
    {"Iso2022JpInvalidByte", "\x1b$B%F%9%H%F%9%H\x1b(B\xff", "iso-2022-jp",
     "テストテスト\xEF\xBF\xBD", true},
    {"Iso2022JpThatIsUtf8", "テスト", "iso-2022-jp", "テスト", true},
    {"EucKr", "\xc7\xd1\xb1\xdb", "euc-kr", "한글", false},
    {"KsCMeansUhc", "\x8c\x63", "ks_c_5601-1987", "똠", false},
    {"Windows1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "windows-1251", "Привет", false},
    {"Koi8R", "\xf0\xd2\xc9\xd7\xc5\xd4", "koi8-r", "Привет", false},
    {"Windows1258Apostrophe", "kh\xf4ng\x92", "windows-1258", "không’", false},
    {"Windows1258Accent",
     "Ti\xea\xec"
     "ng",
     "windows-1258", "Tiếng", false},
    {"Windows1258AccentAtTheEnd", "a\xcc", "windows-1258", "à", false},
    {"Iso885915", "\xa4", "latin-9", "€", false},
    {"Utf16LittleByMark",
     "\xff\xfe"
     "H\0i\0"s,
     "utf-16", "Hi", false},
    {"Utf16BigByMark", "\xfe\xff\0H\0i"s, "utf-16", "Hi", false},
    {"Utf16WithoutMark", "H\0i\0 \0"s, "utf-16", "Hi ", false},
    {"Utf16Be", "\0H\0i"s, "utf-16be", "Hi", false},
    {"Utf16OddLength", "H\0i\0x"s, "utf-16le", "Hi\xEF\xBF\xBD", true},
    {"Utf16LoneSurrogate", "H\0\x00\xd8i\0\xe9\0\xe9\0\xe9\0\xe9\0"s, "utf-16le",
     "H\xEF\xBF\xBDiéééé", true},
    {"Utf16ThatIsAscii", "just plain text", "utf-16", "just plain text", true},
    {"Utf32", "\0\0\0H\0\0\xd8\0\0\0\0\xe9\0\0\0\xe9\0\0\0\xe9\0\0\0\xe9"s, "utf-32",
     "H\xEF\xBF\xBDéééé", true},
    {"Utf8Mark", "\xEF\xBB\xBFHi", "iso-8859-1", "Hi", false},
    {"Utf7IsRefused", "+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-", true},
    {"NulIsReplaced", "a\0b"s, "utf-8",
     "a\xEF\xBF\xBD"
     "b",
     true},
    {"Empty", "", "iso-2022-jp", "", false},
};

INSTANTIATE_TEST_SUITE_P(Charsets, CharsetTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Charset, LabelsOfOneCharsetHaveOneName) {
  EXPECT_EQ(charset_of("UTF8"), "utf-8");
  EXPECT_EQ(charset_of("latin1"), charset_of("windows-1252"));
  EXPECT_EQ(charset_of("GBK"), charset_of("x-gb2312"));
  EXPECT_EQ(charset_of("csISO2022JP"), "iso-2022-jp");
  EXPECT_EQ(charset_of("iso-8859-8-i"), "iso-8859-8");
  EXPECT_EQ(charset_of("utf-7"), "");
  EXPECT_EQ(charset_of(""), "");
  EXPECT_EQ(charset_of(std::string(100'000, 'x')), "");
}

TEST(Charset, WhateverIsDeclaredTheResultIsValidTextWithoutNul) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 7 + i / 13);
  for (const char* label :
       {"utf-8", "utf-16", "utf-32", "gb18030", "big5", "shift_jis", "euc-jp", "iso-2022-jp",
        "iso-2022-kr", "iso-2022-cn", "euc-kr", "johab", "windows-1258", "tcvn", "viscii", "koi8-u",
        "cp437", "iso-8859-6", ""}) {
    const std::string text = to_utf8(bytes, label).text;
    EXPECT_TRUE(is_valid_utf8(text)) << label;
    EXPECT_EQ(text.find('\0'), std::string::npos) << label;
    EXPECT_FALSE(text.empty()) << label;
  }
}

TEST(Charset, TimeIsLinearInBytesThatAreAllWrong) {
  const test::CpuTime cpu;
  for (const char* label :
       {"utf-8", "gb18030", "iso-2022-jp", "utf-32", "utf-16le", "windows-1258"})
    to_utf8(std::string(8U << 20U, '\xff'), label);
  EXPECT_LT(cpu.spent(), std::chrono::seconds{6});
}

TEST(Charset, ConvertersAreOpenedOnceAndForEveryCharset) {
  open_converters();
  open_converters();
  EXPECT_EQ(to_utf8("\xcf\xf0", "windows-1251").text, "Пр");
}

}  // namespace
}  // namespace trust::mail
