#include "lib/render/template.h"

#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "lib/render/mail_template.h"

namespace trust::render {
namespace {

using Kind = Variable::Kind;

constexpr Variable kService[] = {{"service", "its name"}};
constexpr Variable kVariables[] = {
    {"case", "the id"},
    {"words", "free text"},
    {"urgent", "marked urgent", Kind::flag},
    {"services", "what is concerned", Kind::list, kService},
};

Values values() {
  return {{"case", "TM-1"}, {"words", ""}, {"urgent", false}, {"services", std::vector<Values>{}}};
}

std::string rendered(const std::string& source, const Values& given,
                     Escaping escaping = Escaping::none) {
  const auto made = Template::compile("t", source, kVariables, escaping);
  if (!made) return "not compiled: " + made.error().text();
  const auto text = made->render(given);
  return text ? *text : "not rendered: " + text.error().text();
}

TEST(Template, FillsInTextFlagsAndLists) {
  Values given = values();
  given.set("urgent", true);
  given.set("services", std::vector<Values>{{{"service", "Haven DNS"}}, {{"service", "Sigil"}}});
  EXPECT_EQ(rendered("{{case}}{{#urgent}} now{{/urgent}}:\n{{#services}}\n- {{service}} "
                     "({{case}})\n{{/services}}\nend\n",
                     given),
            "TM-1 now:\n- Haven DNS (TM-1)\n- Sigil (TM-1)\nend\n");
  EXPECT_EQ(rendered("{{^urgent}}later{{/urgent}}{{^services}}, none{{/services}}", values()),
            "later, none");
}

TEST(Template, LinesOfTagsLeaveNoEmptyLines) {
  const std::string source =
      "one\n{{#urgent}}\nnow\n{{/urgent}}\n{{^urgent}}\nlater\n{{/urgent}}\n\n{{! why }}\n  "
      "{{#services}}\n- {{service}}\n{{/services}}\n\n{{#words}}\n{{words}}\n{{/words}}\ntwo\n";
  EXPECT_EQ(rendered(source, values()), "one\nlater\n\n\ntwo\n");
  Values given = values();
  given.set("urgent", true);
  given.set("words", "w");
  given.set("services", std::vector<Values>{{{"service", "a"}}, {{"service", "b"}}});
  EXPECT_EQ(rendered(source, given), "one\nnow\n\n- a\n- b\n\nw\ntwo\n");
}

TEST(Template, TreatsEmptyTextAsAbsent) {
  Values given = values();
  EXPECT_EQ(rendered("a{{#words}} {{words}}{{/words}}{{^words}} -{{/words}}", given), "a -");
  given.set("words", "x");
  EXPECT_EQ(rendered("a{{#words}} {{words}}{{/words}}{{^words}} -{{/words}}", given), "a x");
}

TEST(Template, LeavesTextAloneAndEscapesHtml) {
  Values given = values();
  given.set("words", "<b>\"A&B\"'</b>");
  EXPECT_EQ(rendered("{{words}}", given), "<b>\"A&B\"'</b>");
  EXPECT_EQ(rendered("{{{words}}} {{&words}}", given), "<b>\"A&B\"'</b> <b>\"A&B\"'</b>");
  EXPECT_EQ(rendered("{{words}}", given, Escaping::html),
            "&lt;b&gt;&quot;A&amp;B&quot;&#39;&lt;/b&gt;");
}

TEST(Template, NeverReadsAValueAsATemplate) {  // SEC-39
  const std::string hostile =
      "{{case}} {{#urgent}}x{{/urgent}} {{{env}}} ${HOME} %s %n {} {{=[ ]=}} {{/x}}\n{{!";
  const std::string twice = hostile + "|" + hostile + "|TM-1";
  for (const Escaping escaping : {Escaping::none, Escaping::html}) {
    Values given = values();
    given.set("words", hostile);
    EXPECT_EQ(rendered("{{words}}|{{#words}}{{words}}{{/words}}|{{case}}", given, escaping), twice);
    given.set("services", std::vector<Values>{{{"service", hostile}}});
    EXPECT_EQ(rendered("{{#services}}{{service}}{{/services}}", given, escaping), hostile);
  }
}

struct Bad {
  std::string name, source, message;
  Escaping escaping = Escaping::none;
};
void PrintTo(const Bad& row, std::ostream* out) { *out << row.name; }
class TemplateRefuses : public testing::TestWithParam<Bad> {};

TEST_P(TemplateRefuses, WhenItIsRead) {
  const auto made = Template::compile("t", GetParam().source, kVariables, GetParam().escaping);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault(), Fault::invalid);
  EXPECT_EQ(made.error().text(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, TemplateRefuses,
    testing::Values(
        Bad{"unknown_name", "a\n{{cse}}", "t:2: unknown name {{cse}}; did you mean {{case}}?"},
        Bad{"far_name", "{{env}}", "t:1: unknown name {{env}}; the command templates lists all"},
        Bad{"unknown_section", "{{#x}}{{/x}}",
            "t:1: unknown name {{x}}; the command templates lists all"},
        Bad{"name_of_a_list_outside_it", "{{service}}",
            "t:1: unknown name {{service}}; did you mean {{services}}?"},
        Bad{"list_as_text", "{{services}}",
            "t:1: {{services}} is no text; write {{#services}} … {{/services}}"},
        Bad{"not_closed", "{{#urgent}}\n", "t:2: {{/urgent}} is missing"},
        Bad{"closed_twice", "{{/urgent}}", "t:1: {{/urgent}} closes nothing that is open here"},
        Bad{"crossed", "{{#urgent}}{{#words}}{{/urgent}}{{/words}}",
            "t:1: {{/urgent}} closes nothing that is open here"},
        Bad{"open_tag", "{{case", "t:1: a tag is not closed with }}"},
        Bad{"empty_tag", "{{ }}", "t:1: an empty tag"},
        Bad{"partial", "{{>case}}", "t:1: other files cannot be taken in with {{>…}}"},
        Bad{"delimiters", "{{=<% %>=}}", "t:1: other delimiters cannot be set with {{=…=}}"},
        Bad{"unescaped_in_html", "{{{case}}}",
            "t:1: unescaped text may not stand in HTML; write {{…}}", Escaping::html},
        Bad{"ampersand_in_html", "{{&case}}",
            "t:1: unescaped text may not stand in HTML; write {{…}}", Escaping::html}),
    [](const auto& row) { return row.param.name; });

TEST(Template, RefusesAValueThatIsMissingOrOfAnotherKind) {
  Values given = values();
  given.by_name.erase("words");
  EXPECT_EQ(rendered("{{case}}", given),
            "not rendered: t: a template's variable has no value: words");
  given.set("words", true);
  EXPECT_EQ(rendered("{{case}}", given),
            "not rendered: t: a template's variable has no value: words");
}

TEST(Template, LeavesCommentsOut) { EXPECT_EQ(rendered("a{{! {{ case }}b", values()), "ab"); }

TEST(Template, RendersFromSeveralThreads) {
  const auto made = Template::compile("t", "{{#services}}{{service}},{{/services}}{{words}}",
                                      kVariables, Escaping::html);
  ASSERT_TRUE(made);
  std::vector<std::thread> threads;
  std::array<int, 4> good{};
  for (std::size_t n = 0; n < good.size(); ++n)
    threads.emplace_back([&, n] {
      Values given = values();
      given.set("services", std::vector<Values>(n, Values{{"service", std::to_string(n)}}));
      std::string wanted;
      for (std::size_t i = 0; i < n; ++i) wanted += std::to_string(n) + ",";
      for (int i = 0; i < 200; ++i) good[n] += made->render(given).value_or("") == wanted ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  for (const int count : good) EXPECT_EQ(count, 200);
}

constexpr MailTemplateInfo kInfo{"acknowledgment", "to the reporter", kVariables, true};

TEST(MailTemplate, IsSubjectTextAndHtml) {
  const auto made = parse_mail_template(
      kInfo, "Subject: [{{case}}] {{words}}\n\nDear\n\n{{words}}\n", "<p>{{words}}</p>");
  ASSERT_TRUE(made) << made.error().text();
  Values given = values();
  given.set("words", "a\r\nBcc: x <");
  const auto mail = made->render(given);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->subject, "[TM-1] a  Bcc: x <");
  EXPECT_EQ(mail->text, "Dear\n\na\r\nBcc: x <\n");
  EXPECT_EQ(mail->html, "<p>a\r\nBcc: x &lt;</p>");
}

TEST(MailTemplate, ErrorsNameFileAndLine) {
  const auto error = [](const std::string& text, const std::string& html = "") {
    return parse_mail_template(kInfo, text, html).error().text();
  };
  EXPECT_EQ(error("Hello\n"), "acknowledgment.txt:1: the first line is not \"Subject: …\"");
  EXPECT_EQ(error("Subject: x\nHello\n"),
            "acknowledgment.txt:2: not an empty line, which must follow the subject");
  EXPECT_EQ(error("Subject: {{x}}\n\n"),
            "acknowledgment.txt:1: unknown name {{x}}; the command templates lists all");
  EXPECT_EQ(error("Subject: x\n\n{{x}}\n"),
            "acknowledgment.txt:3: unknown name {{x}}; the command templates lists all");
  EXPECT_EQ(error("Subject: x\n\ny\n", "\n{{x}}"),
            "acknowledgment.html:2: unknown name {{x}}; the command templates lists all");
  EXPECT_EQ(load_mail_template("/nowhere", kInfo).error().text(),
            "/nowhere/mail/en/acknowledgment.txt: no such file; the setting templates names the "
            "folder that holds mail/en/");
}

TEST(MailTemplate, ListsItsVariables) {
  std::ostringstream out;
  const MailTemplateInfo table[] = {kInfo};
  print_templates(out, table);
  EXPECT_EQ(out.str(),
            "mail/en/acknowledgment.txt and acknowledgment.html\n  to the reporter\n"
            "  {{case}}                 the id\n"
            "  {{words}}                free text\n"
            "  {{#urgent}}              marked urgent\n"
            "  {{#services}}            what is concerned\n"
            "    {{service}}            its name\n\n");
}

}  // namespace
}  // namespace trust::render
