#include "lib/html/reader.h"

#include <gtest/gtest.h>

#include <chrono>

#include "lib/html/entities.h"

namespace trust::html {
namespace {

/// "(p class=x)text(/p)" for the whole input.
std::string drawn(std::string_view html) {
  std::string out;
  Reader reader{html};
  while (const auto token = reader.next()) {
    if (token->type == Token::Type::text) {
      out += token->text;
      continue;
    }
    out += token->type == Token::Type::end ? "(/" : "(";
    out += token->name;
    for (const Attribute& a : token->attributes) out += " " + a.name + "=" + a.value;
    out += ")";
  }
  return out;
}

struct Row {
  const char* name;
  std::string html;
  std::string drawn;
};

TEST(HtmlReader, CutsLikeABrowser) {
  const Row rows[] = {
      {"plain", "a <P Class=\"x y\">b</P > c", "a (p class=x y)b(/p) c"},
      {"entities", "<a href='?a&amp;b'>&lt;&#x41;&#66;&nbsp;&euro;&nosuch;&",
       "(a href=?a&b)<AB\u00A0\u20AC&nosuch;&"},
      {"windows-1252 number", "&#150;&#0;&#xD800;&#99999999999;", "\u2013\uFFFD\uFFFD\uFFFD"},
      {"lone less-than", "1 < 2 <3 <", "1 < 2 <3 <"},
      {"comment", "a<!-- <p> -->b<!-->c<!doctype html [<!ENTITY x 'y'>]>d", "abc]>d"},
      {"unclosed comment", "a<!-- b", "a"},
      {"unclosed tag", "a<b c=\"d", "a(b c=d)"},
      {"script", "<script>if (a</b>) '</scripture>'</SCRIPT>x", "(script)(/script)x"},
      {"script that closes itself does not", "<script/>x</script>y", "(script)(/script)y"},
      {"title", "<title>a &amp; <b></title>c", "(title)a & <b>(/title)c"},
      {"unquoted", "<a b=c/d e>f</a>", "(a b=c/d e=)f(/a)"},
      {"doubled attribute", "<a b=1 B=2>", "(a b=1)"},
      {"closing junk", "a</>b</ c>d<?php e ?>f", "abdf"},
  };
  for (const Row& row : rows) EXPECT_EQ(drawn(row.html), row.drawn) << row.name;
}

TEST(HtmlReader, ClassesAreWords) {
  const auto token = Reader{"<div class=' sl-markdown-content  main'>"}.next();
  ASSERT_TRUE(token);
  EXPECT_TRUE(token->has_class("sl-markdown-content"));
  EXPECT_FALSE(token->has_class("sl-markdown"));
}

TEST(HtmlReader, HostilePagesTakeLinearTime) {
  const std::size_t n = 4 << 20;
  const std::pair<const char*, std::string> patterns[] = {
      {"less-than", "<"},       {"open tags", "<a "},         {"attributes", "<a b=c d='"},
      {"comments", "<!-->"},    {"comment", "x<!--"},         {"scripts", "<script>"},
      {"ampersands", "&"},      {"numbers", "&#x"},           {"end tags", "</a"},
      {"titles", "<title></t"}, {"equal signs", "<a ===== "}, {"slashes", "<a/////"}};
  for (const auto& [name, piece] : patterns) {
    std::string html;
    while (html.size() < n) html += piece;
    const auto began = std::chrono::steady_clock::now();
    Reader reader{html};
    while (reader.next()) continue;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    EXPECT_LT(took.count(), 5.0) << name;
  }
}

}  // namespace
}  // namespace trust::html
