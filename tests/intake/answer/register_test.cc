#include "intake/answer/register.h"

#include <gtest/gtest.h>

#include "intake/answer/answer.h"

namespace trust::intake {
namespace {

TEST(Register, KnowsWhichPostMortemsAreOut) {
  const auto known = Register::from_json(R"({"incidents":[
    {"id":"2026-11-01-a","url":"https://docs.example.org/i/2026-11-01-a/","title":"A","status":"published","more":1},
    {"id":"2026-11-02-b","url":"https://docs.example.org/i/2026-11-02-b/","status":"reserved"},
    {"id":"2026-11-03-c","url":null,"status":"corrected"}],"more":[]})");
  ASSERT_TRUE(known);
  for (const char* url :
       {"https://docs.example.org/i/2026-11-01-a/", "https://docs.example.org/i/2026-11-01-a"}) {
    ASSERT_NE(known->find_url(url), nullptr);
    EXPECT_TRUE(known->find_url(url)->has_post_mortem());
  }
  EXPECT_FALSE(known->find_url("https://docs.example.org/i/2026-11-02-b/")->has_post_mortem());
  for (const char* url : {"", "/", "https://docs.example.org/i/", "https://evil.example.net/"})
    EXPECT_EQ(known->find_url(url), nullptr) << url;
  EXPECT_NE(known->find_id("2026-11-02-b"), nullptr);
  EXPECT_EQ(known->find_id("2026-11-09-x"), nullptr);
}

TEST(Register, WhatIsNoRegisterIsRefused) {
  for (const char* text : {"", "[]", "{}", "null", "{\"incidents\":{}}", "{\"incidents\":[1]}",
                           "<html>", "{\"incidents\":["})
    EXPECT_EQ(Register::from_json(text).error().fault(), Fault::invalid) << text;
  EXPECT_EQ(Register::from_json(std::string(200'000, '[')).error().fault(), Fault::invalid);
  EXPECT_TRUE(Register::from_json("{\"incidents\":[]}"));
}

TEST(PlainHttpsUrl, IsOneThatMayStandInAMail) {
  for (const char* good :
       {"https://docs.example.org/trust/incidents/2026-11-24-x/", "https://example.org",
        "https://example.org/a?b=c#d", "https://example.org:8443/a"})
    EXPECT_TRUE(is_plain_https_url(good)) << good;
  for (const char* bad :
       {"", "https://", "http://example.org/", "javascript:alert(1)", "https://localhost/",
        "https://user@example.org/", "https://example.org/a b", "https://example.org/\"x",
        "https://example.org/<x>", "https://example.org/\r\nBcc: x@y.org", "https://.org/",
        "https://example./", "HTTPS://example.org/", " https://example.org/",
        "https://ex\xC3\xA4mple.org/"})
    EXPECT_FALSE(is_plain_https_url(bad)) << bad;
  EXPECT_FALSE(is_plain_https_url("https://example.org/" + std::string(600, 'a')));
}

TEST(Outcome, NamesAreTheWordsOfTheCommandLine) {
  for (const char* name : {"tracking", "post-mortem", "explained", "bounty", "reply"})
    EXPECT_EQ(name_of(named<Outcome>(name).value()), name);
  for (const char* name : {"", "Tracking", "post_mortem", "fixed"})
    EXPECT_EQ(named<Outcome>(name), std::nullopt);
}

}  // namespace
}  // namespace trust::intake
