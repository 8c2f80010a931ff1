#include "lib/base/text.h"

#include <gtest/gtest.h>

#include "lib/base/ascii.h"
#include "lib/base/words.h"

namespace trust {
namespace {

using Pieces = std::vector<std::string_view>;

TEST(Text, LinesEndInCrLfLfOrCr) {
  EXPECT_EQ(lines_of("a\r\nb\nc\rd"), (Pieces{"a", "b", "c", "d"}));
  EXPECT_EQ(lines_of("a\n\nb\n"), (Pieces{"a", "", "b"}));
  EXPECT_EQ(lines_of(""), Pieces{});
  EXPECT_EQ(lines_of("\n"), Pieces{""});
}

TEST(Text, SplittingKeepsEmptyPieces) {
  EXPECT_EQ(split(",a,,b,", ','), (Pieces{"", "a", "", "b", ""}));
  EXPECT_EQ(split("", ','), Pieces{""});
}

TEST(Text, SpaceIsFoldedToSingleBlanks) {
  EXPECT_EQ(fold_space(" \t a \r\n\t b  c\n"), "a b c");
  EXPECT_EQ(fold_space(" \r\n"), "");
}

TEST(Text, CaseIsIgnoredForAsciiOnly) {
  EXPECT_TRUE(equals_ignoring_case("SeCuRiTy", "security"));
  EXPECT_FALSE(equals_ignoring_case("\xC3\x84", "\xC3\xA4"));
  EXPECT_FALSE(equals_ignoring_case("ab", "abc"));
  EXPECT_TRUE(starts_with_ignoring_case("SECURITY URGENT: x", "security urgent:"));
  EXPECT_EQ(find_ignoring_case("xxABC", "abc"), 2U);
  EXPECT_EQ(find_ignoring_case("xxABC", "abd"), std::string_view::npos);
  EXPECT_EQ(find_ignoring_case("abc", "", 3), 3U);
  EXPECT_EQ(find_ignoring_case("abc", "a", 4), std::string_view::npos);
}

TEST(Text, ReplacingNeverLoops) {
  EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
  EXPECT_EQ(replace_all("abc", "", "x"), "abc");
}

struct Utf8Row {
  std::string_view name;
  std::string bytes;
  std::string clean;
};

TEST(Text, CleanUtf8HasNoBadByteAndNoNul) {
  const std::string bad = "\xEF\xBF\xBD";
  const Utf8Row rows[] = {
      {"ascii", "abc", "abc"},
      {"nul", std::string("a\0b", 3), "a" + bad + "b"},
      {"two_bytes", "\xC3\xA4", "\xC3\xA4"},
      {"four_bytes", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"lone_continuation", "\x80", bad},
      {"overlong_slash", "\xC0\xAF", bad + bad},
      {"overlong_three", "\xE0\x80\xAF", bad + bad + bad},
      {"surrogate", "\xED\xA0\x80", bad + bad + bad},
      {"above_10FFFF", "\xF4\x90\x80\x80", bad + bad + bad + bad},
      {"cut_at_end", "a\xE2\x82", "a" + bad + bad},
      {"latin1", "caf\xE9 x", "caf" + bad + " x"},
  };
  for (const Utf8Row& row : rows) {
    EXPECT_EQ(to_clean_utf8(row.bytes), row.clean) << row.name;
    EXPECT_TRUE(is_valid_utf8(to_clean_utf8(row.bytes))) << row.name;
  }
  EXPECT_FALSE(is_valid_utf8("\xC0\xAF"));
}

TEST(Text, CuttingNeverSplitsACharacter) {
  const std::string text = "a\xE2\x82\xAC";  // a€
  EXPECT_EQ(cut_utf8(text, 4), text);
  EXPECT_EQ(cut_utf8(text, 3), "a");
  EXPECT_EQ(cut_utf8(text, 1), "a");
  EXPECT_EQ(cut_utf8(text, 0), "");
}

TEST(Text, DisplayShowsWhatCannotBeSeenAndDisarmsTerminals) {
  EXPECT_EQ(to_display("\x1B[31mred", Newlines::to_space), " [31mred");
  EXPECT_EQ(to_display("a\nb", Newlines::to_space), "a b");
  EXPECT_EQ(to_display("a\nb\r", Newlines::keep), "a\nb ");
  EXPECT_EQ(to_display("x\xE2\x80\xAEgpj.exe", Newlines::to_space), "x‹U+202E›gpj.exe");
  EXPECT_EQ(to_display("a\xE2\x80\x8B\xEF\xBB\xBF", Newlines::to_space), "a‹U+200B›‹U+FEFF›");
  EXPECT_EQ(to_display("\xC2\x9B"
                       "31m",
                       Newlines::to_space),
            " 31m");
  EXPECT_EQ(to_display("\xFF", Newlines::to_space), "\xEF\xBF\xBD");
}

TEST(Words, AreWholeEntriesOfTheirTable) {
  EXPECT_TRUE(equals_any("Bulk", "bulk|junk|list"));
  EXPECT_TRUE(equals_any("list", "bulk|junk|list"));
  EXPECT_FALSE(equals_any("bulk|junk", "bulk|junk|list"));
  EXPECT_FALSE(equals_any("", "bulk|junk|list"));
  EXPECT_TRUE(starts_with_any("AW: x", "re:|aw:"));
  EXPECT_FALSE(starts_with_any("x re:", "re:|aw:"));
  EXPECT_TRUE(contains_any("550 No Such User here", "user unknown|no such user"));
  EXPECT_FALSE(contains_any("550 no such", "user unknown|no such user"));
}

TEST(Ascii, NumbersAreTheWholeText) {
  EXPECT_EQ(number_of<int>("12"), 12);
  EXPECT_EQ(number_of<int>("-1"), -1);
  EXPECT_EQ(number_of<int>("ff", 16), 255);
  for (const char* none : {"", " 1", "1 ", "+1", "1x", "x", "99999999999"})
    EXPECT_EQ(number_of<int>(none), std::nullopt) << none;
}

TEST(Ascii, NoByteBeyondIsAnything) {
  for (int byte = 0x80; byte < 0x100; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_FALSE(is_alnum(c) || is_space(c) || is_control(c) || is_visible(c)) << byte;
    EXPECT_EQ(hex_digit(c), -1) << byte;
    EXPECT_EQ(lower(c), c);
    EXPECT_EQ(upper(c), c);
  }
  EXPECT_EQ(hex_digit('F'), 15);
  EXPECT_EQ(hex_digit('g'), -1);
}

TEST(Text, SizesAreWords) {
  EXPECT_EQ(size_in_words(1023), "1023 B");
  EXPECT_EQ(size_in_words(1024), "1 KiB");
  EXPECT_EQ(size_in_words(60ULL << 20U), "60 MiB");
}

}  // namespace
}  // namespace trust
