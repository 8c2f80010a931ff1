#include "lib/mail/transfer.h"

#include <gtest/gtest.h>

namespace trust::mail {
namespace {

using namespace std::string_literals;

struct Case {
  const char* name;
  Encoding encoding;
  std::string body;
  std::string bytes;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class TransferTest : public testing::TestWithParam<Case> {};

TEST_P(TransferTest, GivesTheBytesHoweverTheBodyIsCut) {
  const Case& c = GetParam();
  EXPECT_EQ(decode_transfer(c.body, c.encoding), c.bytes);
  EXPECT_EQ(decoded_size(c.body, c.encoding), c.bytes.size());
  for (std::size_t piece = 1; piece < 8; ++piece) {
    TransferDecoder decoder{c.encoding};
    std::string out;
    for (std::size_t at = 0; at < c.body.size(); at += piece)
      out += decoder.feed(std::string_view{c.body}.substr(at, piece));
    out += decoder.finish();
    EXPECT_EQ(out, c.bytes) << piece;
  }
}

constexpr auto kB = Encoding::base64;
constexpr auto kQ = Encoding::quoted_printable;
constexpr auto kU = Encoding::uuencode;

const Case kCases[] = {
    {"Base64", kB, "SGVsbG8gd29y\r\nbGQ=\r\n", "Hello world"},
    {"Base64TwoPads", kB, "SGVsbG8gd29ybA==", "Hello worl"},
    {"Base64WithoutPadding", kB, "SGVsbG8gd29ybA", "Hello worl"},
    {"Base64OneLooseDigit", kB, "SGVsS", "Hel"},
    {"Base64ForeignCharacters", kB, "S-G.V s*bG8=", "Hello"},
    {"Base64PaddedLineByLine", kB, "SGVsbG8=\nIHdvcmxk\n", "Hello world"},
    {"Base64ThenAListFooter", kB, "SGVsbG8=\r\n____\r\nlist mailing list\r\n", "Hello"},
    {"Base64ThenAWord", kB, "SGVsbG8=\r\nend\r\n", "Hello"},
    {"Base64OnlyPadding", kB, "====", ""},
    {"Base64Nul", kB, "SGVs\0bG8="s, "Hello"},
    {"Quoted", kQ, "Gr=C3=BC=c3=9Fe =3D",
     "Gr\xc3\xbc\xc3\x9f"
     "e ="},
    {"QuotedSoftLineEnds", kQ, "one=\r\n two=\n three", "one two three"},
    {"QuotedSoftLineEndWithBlanks", kQ, "one= \t\r\ntwo", "onetwo"},
    {"QuotedBlanksAtLineEndsGo", kQ, "one \t\r\ntwo \nthree  ", "one\r\ntwo\nthree"},
    {"QuotedBlanksInsideStay", kQ, "one \t two", "one \t two"},
    {"QuotedEncodedBlankStays", kQ, "one=20\r\ntwo", "one \r\ntwo"},
    {"QuotedNoEscape", kQ, "a=zz b=4 c=", "a=zz b=4 c"},
    {"QuotedCutEscape", kQ, "a=4", "a=4"},
    {"QuotedLoneCr", kQ, "a=\rb", "ab"},
    {"QuotedRaw8Bit", kQ,
     "Gr\xfc\xdf"
     "e",
     "Gr\xfc\xdf"
     "e"},
    {"QuotedEqualsTwice", kQ, "a==3D", "a=="},
    {"Uuencode", kU, "begin 644 a.txt\r\n+2&5L;&\\@=V]R;&0`\r\n`\r\nend\r\nrest", "Hello world"},
    {"UuencodeWithoutEnd", kU, "hello\nbegin 644 a\n#0V%T\n", "Cat"},
    {"UuencodeShortLine", kU, "begin 644 a\n#0V\n", "C`\0"s},
    {"Identity", Encoding::identity, "as it =3D is\0"s, "as it =3D is\0"s},
    {"Empty", kB, "", ""},
};

INSTANTIATE_TEST_SUITE_P(Encodings, TransferTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Transfer, NamesOfEncodings) {
  EXPECT_EQ(encoding_of("BASE64"), Encoding::base64);
  EXPECT_EQ(encoding_of(" base64 (really)"), Encoding::base64);
  EXPECT_EQ(encoding_of("\"quoted-printable\";"), Encoding::quoted_printable);
  EXPECT_EQ(encoding_of("Quoted-Printable"), Encoding::quoted_printable);
  EXPECT_EQ(encoding_of("x-uuencode"), Encoding::uuencode);
  EXPECT_EQ(encoding_of("8bit"), Encoding::identity);
  EXPECT_EQ(encoding_of(""), Encoding::identity);
  EXPECT_EQ(encoding_of("base64base64"), Encoding::identity);
}

TEST(Transfer, BlanksOfAnyNumberAreHeldInBoundedMemory) {
  const std::string blanks(3U << 20U, ' ');
  EXPECT_LE(decoded_size("a" + blanks + "\n", Encoding::quoted_printable), blanks.size() + 2);
  EXPECT_EQ(decode_transfer("a" + std::string(500, ' ') + "b", Encoding::quoted_printable).size(),
            502U);
}

}  // namespace
}  // namespace trust::mail
