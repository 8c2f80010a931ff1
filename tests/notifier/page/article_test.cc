#include "notifier/page/article.h"

#include <gtest/gtest.h>

#include <chrono>

#include "notifier/page/html_page.h"
#include "notifier/page/markdown.h"

namespace trust::notifier {
namespace {

constexpr std::string_view kSelectors = ".sl-markdown-content, main .content, article, main";

/// As Starlight writes a page: title outside the article, anchors inside headings' wrappers.
const std::string kStarlight = R"html(<!DOCTYPE html><html><head>
<title>Haven DNS timeouts | Docs</title><script>var a = "<main>no</main>";</script></head><body>
<nav><h2>Menu</h2><a href="/x">Root cause of all</a></nav>
<main><div class="content-panel"><h1 id="_top">Haven DNS <em>timeouts</em></h1></div>
<div class="content-panel"><div class="sl-markdown-content">
<ul><li>Start (UTC): 2026-03-01 09:12</li><li>End (UTC): 2026-03-01 10:03 UTC</li><li>Duration: 51 min</li>
<li><strong>Type</strong>: outage</li><li>Services: Haven DNS, Sigil auth</li></ul>
<div class="sl-heading-wrapper level-h2"><h2 id="summary">Summary</h2><a class="sl-anchor-link" href="#summary"><span aria-hidden="true">#</span><span class="sr-only">Section titled &#8220;Summary&#8221;</span></a></div>
<p>Resolvers in Europe did not answer &amp; users saw <code>SERVFAIL</code>.
Write to <a href="/cdn-cgi/l/email-protection" class="__cf_email__" data-cfemail="2f5b5d5a5c5b6f4a574e425f434a01405d48">[email&#160;protected]</a>.</p>
<h2>Impact</h2><table><tr><th>Users</th><th>How long</th></tr><tr><td>1,240</td><td>51 min</td></tr></table>
<h2>Root cause</h2><h3>The change</h3><p>A wrong <b>glue</b> record.</p>
<p hidden>not shown</p>
</div><footer><p>Last updated: 2026-03-09</p></footer></div></main></body></html>)html";

TEST(HtmlPage, AStarlightPageIsRead) {
  const Result<Article> article = read_html_page(kStarlight, kSelectors);
  ASSERT_TRUE(article);
  EXPECT_EQ(article->title, "Haven DNS timeouts");
  EXPECT_EQ(article->text_under("summary"),
            "Resolvers in Europe did not answer & users saw SERVFAIL. Write to trust@example.org.");
  EXPECT_EQ(article->text_under("Root cause"), "The change\nA wrong glue record.");
  EXPECT_EQ(article->text_under("Impact"), "Users | How long\n1,240 | 51 min");
  EXPECT_TRUE(article->is_published());
  EXPECT_EQ(article->start, *parse_rfc3339("2026-03-01T09:12:00Z"));
  EXPECT_EQ(article->end, *parse_rfc3339("2026-03-01T10:03:00Z"));
  EXPECT_EQ(article->type, IncidentType::outage);
  EXPECT_EQ(services_text(article->services), "Haven DNS;Sigil auth");
  for (const char* left_out : {"Menu", "Last updated", "Section titled", "not shown", "protected"})
    EXPECT_EQ(article->whole_text().find(left_out), std::string::npos) << left_out;
}

struct SelectorRow {
  const char* name;
  std::string html;
  std::string found;  ///< "-": no article
};

TEST(HtmlPage, TheFirstSelectorThatMatchesSaysWhereTheTextIs) {
  const SelectorRow rows[] = {
      {"markdown class", "<main><p>a<div class='x sl-markdown-content'>b</div>c</main>", "b"},
      {"content inside main", "<main><div><div class=content>b<br>d</div></div>c</main>", "b\nd"},
      {"content outside main", "<div class=content>b</div><article>c</article>", "c"},
      {"article before main", "<main>a<article>b</article>c</main>", "b"},
      {"main", "<main>a</main>b", "a"},
      {"nested same tags", "<article>a<article>b</article>c</article>d", "a\nb\nc"},
      {"unclosed", "<p>x<main><div>a", "a"},
      {"none", "<body><p>a</p></body>", "-"},
      {"empty", "", "-"},
      {"only in a comment", "<!-- <main>a</main> -->", "-"},
      {"hidden", "<main hidden>a</main>", "-"},
  };
  for (const SelectorRow& row : rows) {
    const Result<Article> article = read_html_page(row.html, kSelectors);
    if (row.found == "-") {
      ASSERT_FALSE(article) << row.name;
      EXPECT_EQ(article.error().fault(), Fault::not_found) << row.name;
    } else {
      ASSERT_TRUE(article) << row.name;
      ASSERT_EQ(article->sections.size(), 1U) << row.name;
      EXPECT_EQ(article->sections[0].text, row.found) << row.name;
    }
  }
}

struct PublishedRow {
  const char* name;
  std::string body;
  bool published;
};

TEST(Markdown, OnlyWordsUnderSummaryAndRootCauseMakeAPagePublished) {
  const PublishedRow rows[] = {
      {"both", "## Summary\nIt broke.\n## Root cause\nA cable.\n", true},
      {"no root cause", "## Summary\nIt broke.\n", false},
      {"empty root cause", "## Summary\nIt broke.\n## Root cause\n\n## Detection\nLate.\n", false},
      {"to be done", "## Summary\nIt broke.\n## Root cause\n*TBD*\n", false},
      {"a dash", "## Summary\nIt broke.\n## Root cause\n\u2014\n", false},
      {"a comment", "## Summary\nIt broke.\n## Root cause\n<!-- a\ncable -->\n", false},
      {"an MDX comment", "## Summary\nIt broke.\n## Root cause\n{/* a cable */}\n", false},
      {"in a code fence", "## Summary\nIt broke.\n```\n## Root cause\nA cable.\n```\n", false},
      {"numbers and case", "### 1. SUMMARY:\nIt broke.\n### 4) Root-Cause ###\nA cable.\n", true},
      {"underlined", "Summary\n-------\nIt broke.\n\nRoot cause\n===========\n", false},
      {"underlined with dashes", "Summary\n---\nIt broke.\n\nRoot cause\n---\nA cable.\n", true},
      {"below a smaller heading", "## Summary\nIt broke.\n## Root cause\n### Why\nA cable.\n",
       true},
      {"only a smaller heading", "## Summary\nIt broke.\n## Root cause\n## Why\nA cable.\n", false},
      {"CRLF", "## Summary\r\nIt broke.\r\n## Root cause\r\nA cable.\r\n", true},
      {"anchors", "## Summary {#s}\nIt broke.\n## Root cause {#r}\nA cable.\n", true},
      {"draft", "---\ndraft: true\n---\n## Summary\nIt broke.\n## Root cause\nA cable.\n", false},
      {"reserved", "---\nincident:\n  status: reserved\n---\n## Summary\nx y\n## Root cause\nz\n",
       false},
      {"front matter", "---\nincident:\n  summary: It broke.\n  root_cause: A cable.\n---\n", true},
      {"other writing systems", "## Summary\n\u505C\u6B62\n## Root cause\n\u65AD\u7EBF\n", true},
      {"empty file", "", false},
  };
  for (const PublishedRow& row : rows) {
    const Result<Article> article = read_markdown(row.body);
    ASSERT_TRUE(article) << row.name;
    EXPECT_EQ(article->is_published(), row.published) << row.name;
  }
}

TEST(Markdown, FrontMatterAndWordsAreRead) {
  const Result<Article> article = read_markdown(R"md(---
title: "Haven DNS: timeouts"   # with a comment
incident:
  id: 2026-03-01-haven-dns-timeouts
  type: outage
  services: [haven-dns, "Sigil auth"]
  start: 2026-03-01T09:12:00Z
  end: 2026-03-01T12:03:00+02:00
  published: 2026-03-09T14:00:00Z
  impact: {users_affected: 1240, who: "EU"}
  followups:
    - {id: F1, what: x, done: null}
---
import Card from '../card.astro';

## Summary

Resolvers did **not** answer: `dig` said *SERVFAIL*. See [the
list](https://example.org/a_(b)) and snake_case, 5 < 6 &amp; <Card>more</Card>.

| A | B |
|---|---|
| 1 | 2 |
)md");
  ASSERT_TRUE(article);
  EXPECT_EQ(article->title, "Haven DNS: timeouts");
  EXPECT_EQ(services_text(article->services), "haven-dns;Sigil auth");
  EXPECT_EQ(article->start, *parse_rfc3339("2026-03-01T09:12:00Z"));
  EXPECT_EQ(article->end, *parse_rfc3339("2026-03-01T10:03:00Z"));
  EXPECT_EQ(article->published, *parse_rfc3339("2026-03-09T14:00:00Z"));
  const std::string summary = article->text_under("Summary");
  EXPECT_TRUE(summary.starts_with("Resolvers did not answer: dig said SERVFAIL. See ")) << summary;
  EXPECT_NE(summary.find("snake_case, 5 < 6 & more."), std::string::npos) << summary;
  EXPECT_TRUE(summary.ends_with("A | B\n1 | 2")) << summary;
}

TEST(Markdown, BadFrontMatterNamesItsLine) {
  const std::pair<const char*, const char*> rows[] = {
      {"---\ntitle: a\ntitle: b\n---\n", "line 3"},   // a doubled key
      {"---\na: &x [1]\nb: *x\n---\n", "line 3"},     // an alias
      {"---\ntitle: [a\n---\n## Summary\n", "line"},  // no YAML
      {"---\ntitle: a\n## Summary\n", "line 1"},      // no end
  };
  for (const auto& [text, where] : rows) {
    const Result<Article> article = read_markdown(text);
    ASSERT_FALSE(article) << text;
    EXPECT_EQ(article.error().fault(), Fault::invalid) << text;
    EXPECT_NE(article.error().text().find(where), std::string::npos) << article.error().text();
  }
}

TEST(PageTime, OnlyUtcIsATime) {
  const UtcTime noon = *parse_rfc3339("2026-03-01T12:00:00Z");
  for (const char* text : {"2026-03-01 12:00", "2026-03-01T12:00:00Z", " 2026-03-01 12:00 UTC",
                           "2026-03-01 12:00:00 (UTC)", "2026-03-01T14:00:00+02:00",
                           "2026-03-01T12:00Z and more", "2026-03-01 12:00 | x"})
    EXPECT_EQ(read_page_time(text), noon) << text;
  for (const char* text :
       {"", "2026-03-01", "2026-03-01 12:00 CET", "2026-02-30 12:00", "2026-03-01 25:00",
        "2026-03-01 12:00+02", "yesterday", "2026-03-01 12:00 +0200", "2026-03-01  12:00"})
    EXPECT_EQ(read_page_time(text), std::nullopt) << text;
}

TEST(Pages, HostileOnesTakeLinearTime) {
  const std::pair<const char*, const char*> rows[] = {
      {"deep", "<main><div>"},
      {"closed wrongly", "<main><a></b>"},
      {"headings", "<main><h2>x"},
      {"cells", "<main><td>x"},
      {"classes", "<main class='a b c'>"},
      {"links", "[a]("},
      {"brackets", "["},
      {"stars", "*a_b`"},
      {"comments", "<!-- a -->"},
      {"fences", "```\n"},
      {"hashes", "# a\n"},
      {"underlines", "a\n-\n"},
      {"scrambled", "<main><a data-cfemail='2f5b'>"},
      {"colons", "start:\n"}};
  for (const auto& [name, piece] : rows) {
    std::string text;
    while (text.size() < (1U << 20U)) text += piece;
    const auto began = std::chrono::steady_clock::now();
    const bool html = read_html_page(text, kSelectors).has_value();
    const bool markdown = read_markdown(text).has_value();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    EXPECT_TRUE(html || markdown) << name;
    EXPECT_LT(took.count(), 4.0) << name;
  }
}

TEST(Pages, AYamlBombIsRefused) {
  std::string deep = "---\na: ";
  for (int i = 0; i < 30'000; ++i) deep += '[';
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(read_markdown(deep + "\n---\n"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{1});
  EXPECT_FALSE(read_markdown("---\na: &a [x,x]\nb: &b [*a,*a]\n---\n"));
}

}  // namespace
}  // namespace trust::notifier
