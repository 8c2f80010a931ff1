#include "lib/mail/html_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/fakes/cpu_time.h"

namespace trust::mail {
namespace {

struct Case {
  const char* name;
  std::string html, text;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class HtmlTextTest : public testing::TestWithParam<Case> {};

TEST_P(HtmlTextTest, ReadsAsAPersonWould) {
  EXPECT_EQ(html_to_text(GetParam().html), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Table, HtmlTextTest,
    testing::Values(
        Case{"empty", "", ""}, Case{"no_markup", "just  words\nhere", "just words here\n"},
        Case{"blocks_are_lines", "<div>a</div><div>b</div>", "a\nb\n"},
        Case{"paragraphs_are_apart", "<p>a</p><p>b</p>", "a\n\nb\n"},
        Case{"br_is_a_line", "a<br>b<br/>c", "a\nb\nc\n"},
        Case{"many_br_are_one_blank_line", "a<br><br><br><br>b", "a\n\nb\n"},
        Case{"inline_tags_do_not_split", "un<b>believ</b>able", "unbelievable\n"},
        Case{"space_around_inline", "a <i> b</i> c", "a b c\n"},
        Case{"entities", "&lt;a&gt; &amp; &euro;&#8364;&#x20AC; caf&eacute; &#150;",
             "<a> & €€€ café –\n"},
        Case{"no_break_spaces", "a&nbsp;&nbsp;b<p>&nbsp;</p>c", "a  b\n\nc\n"},
        Case{"script_and_style", "a<script>b</script><style>c</style>d", "ad\n"},
        Case{"unclosed_script", "a<script>alert(1)", "a\n"},
        Case{"title", "<head><title>no</title></head>yes", "yes\n"},
        Case{"comments", "a<!-- b -->c<!--[if mso]>d<![endif]-->e", "ace\n"},
        Case{"list", "<ul><li>a</li><li>b</li></ul>c", "- a\n- b\n\nc\n"},
        Case{"numbers", "<ol><li>a<li>b</ol>", "1. a\n2. b\n"},
        Case{"list_in_list", "<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c\n"},
        Case{"an_empty_item_marks_nothing", "<ul><li></li></ul><p>a</p>", "a\n"},
        Case{"quotation", "a<blockquote>b<blockquote>c</blockquote></blockquote>d",
             "a\n\n> b\n>\n> > c\n\nd\n"},
        Case{"rows", "<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"},
        Case{"preformatted", "<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc\n"},
        Case{"picture", "<img src=x alt='A  cat'><img src=y>", "[A cat]\n"},
        Case{"rule", "a<hr>b", "a\n----\nb\n"},
        Case{"link", "<a href='https://example.org/a?b=1&amp;c=2'>here</a>.",
             "here <https://example.org/a?b=1&c=2>.\n"},
        Case{"link_that_is_its_words", "<a href='https://example.org/'>example.org</a>",
             "example.org\n"},
        Case{"link_that_lies", "<a href='https://evil.example'>https://example.org</a>",
             "https://example.org <https://evil.example>\n"},
        Case{"mail_link", "<a href='mailto:a@example.org'>a@example.org</a>", "a@example.org\n"},
        Case{"script_link", "<a href='jav&#x61;script:alert(1)'>a</a>",
             "a [link: javascript:alert(1)]\n"},
        Case{"data_link", "<a href='data:text/html,x'>a</a>", "a [link: data:text/html,x]\n"},
        Case{"place_in_the_page", "<a href='#top'>a</a>", "a\n"},
        Case{"link_cannot_break_out", "<a href=\"https://x/>\n<b\">a</a>", "a <https://x/b>\n"},
        Case{"hidden", "<span style='display: none'>a</span>b", "[hidden text: a]b\n"},
        Case{"hidden_inside", "<div style='display:none'>a<div>b</div>c</div>d",
             "[hidden text: a\nb\nc]\nd\n"},
        Case{"hidden_by_attribute", "<p hidden>a</p><p>b</p>", "[hidden text: a]\n\nb\n"},
        Case{"hidden_by_size", "<i style='font-size:0px'>a</i>b", "[hidden text: a]b\n"},
        Case{"hidden_by_colour", "<i style='color:#FFF;background-color:white'>a</i>",
             "[hidden text: a]\n"},
        Case{"white_on_blue_is_seen", "<i style='color:#fff;background:#00f'>a</i>", "a\n"},
        Case{"hidden_filler_says_nothing",
             "<div style='display:none'>&nbsp;&zwnj;&nbsp;&zwnj;</div><p>a</p>", "a\n"},
        Case{"hidden_paragraph_ends_at_the_next", "<p style='display:none'>a<p>b",
             "[hidden text: a]\n\nb\n"},
        Case{"lone_less_than", "1 < 2 and 3<4", "1 < 2 and 3<4\n"},
        Case{"markup_never_comes_out_of_entities", "&lt;script&gt;x&lt;/script&gt;",
             "<script>x</script>\n"},
        Case{"stray_end_tags", "</p></div></ul></blockquote></a>a", "a\n"}),
    [](const auto& one) { return std::string{one.param.name}; });

std::string many(int count, const std::string& piece) {
  std::string out;
  for (int i = 0; i < count; ++i) out += piece;
  return out;
}

TEST(HtmlText, TakesLinearTimeWhateverIsNestedOrLeftOpen) {
  for (const char* piece :
       {"<div>", "<blockquote>", "<ul><li>", "<!--", "<a href=\"", "<p style=\"display:none\">x",
        "<a href=x>y", "&", "&#", "<", "</", "<b title='", "<ol><li>a</ol>", "<pre>\n",
        "<table><tr><td>", "<script>", "x<i hidden>y</i>"}) {
    const std::string html = many(200'000, piece);
    const test::CpuTime cpu;
    html_to_text(html);
    EXPECT_LT(cpu.spent(), std::chrono::seconds{3}) << piece;
  }
}

}  // namespace
}  // namespace trust::mail
