#include "lib/web/form.h"

#include <gtest/gtest.h>

#include <random>

#include "lib/base/text.h"

namespace trust::web {
namespace {

struct Row {
  const char* name;
  std::string sent;
  bool is_good;
  std::string a{};  ///< first value of "a"
};

class FormTest : public testing::TestWithParam<Row> {};

TEST_P(FormTest, IsReadOrRefusedWhole) {
  const Result<Form> form = Form::parse(GetParam().sent);
  ASSERT_EQ(form.has_value(), GetParam().is_good);
  if (form) {
    EXPECT_EQ(form->first("a"), GetParam().a);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, FormTest,
    testing::Values(
        Row{"empty", "", true}, Row{"one", "a=b", true, "b"},
        Row{"plus_and_percent", "x=1&a=r1%2Bx%40example.net+y", true, "r1+x@example.net y"},
        Row{"the_first_of_two", "a=1&a=2", true, "1"}, Row{"no_equals_sign", "a", true},
        Row{"only_separators", "&&&=&&", true}, Row{"a_cut_percent", "a=%4", false},
        Row{"a_wrong_percent", "a=%zz", false}, Row{"a_coded_nul", "a=x%00y", false},
        Row{"a_plain_nul", std::string{"a=x\0y", 5}, false},
        Row{"bad_utf8_is_marked", "a=%ff", true, "\uFFFD"},
        Row{"a_long_name", std::string(101, 'n') + "=1", false},
        Row{"a_long_value", "a=" + std::string(4001, 'v'), false},
        Row{"the_longest_value", "a=" + std::string(4000, 'v'), true, std::string(4000, 'v')}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Form, HasAtMostAHundredFields) {
  std::string sent = "a=1";
  for (int i = 1; i < 100; ++i) sent += "&b=" + std::to_string(i);
  ASSERT_TRUE(Form::parse(sent));
  EXPECT_EQ(Form::parse(sent)->all("b").size(), 99U);
  EXPECT_FALSE(Form::parse(sent + "&c="));
}

TEST(Form, SEC_60_AnyBytesAreReadOrRefusedAndNeverThrow) {
  std::mt19937 random{60};
  const std::string alphabet = std::string{"%&=+aA0f\0\xff\r\n;", 14};
  int good = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string sent;
    for (std::size_t n = random() % 40; n > 0; --n) sent += alphabet[random() % alphabet.size()];
    const Result<Form> form = Form::parse(sent);
    if (!form) continue;
    ++good;
    ASSERT_TRUE(is_valid_utf8(form->first("a")));
  }
  EXPECT_GT(good, 1000);
}

}  // namespace
}  // namespace trust::web
