#include "lib/web/guard.h"

#include <gtest/gtest.h>

#include "lib/web/router.h"

namespace trust::web {
namespace {

using namespace std::chrono_literals;

const UtcTime kNow = *parse_rfc3339("2026-11-25T10:00:00Z");

Request from(std::map<std::string, std::string> fields, std::string peer = "127.0.0.1") {
  return {"POST", "/x", "", std::move(fields), "", std::move(peer)};
}

TEST(Guard, SEC_33_TellsOurFormsFromOthers) {
  const std::string ours = "https://lists.example.org";
  EXPECT_EQ(source_of(from({{"origin", ours}}), ours), Source::ours);
  EXPECT_EQ(source_of(from({{"origin", ours}, {"sec-fetch-site", "same-origin"}}), ours),
            Source::ours);
  // What browsers send under our Referrer-Policy.
  EXPECT_EQ(source_of(from({{"origin", "null"}, {"sec-fetch-site", "same-origin"}}), ours),
            Source::ours);
  EXPECT_EQ(source_of(from({}), ours), Source::unknown);
  EXPECT_EQ(source_of(from({{"origin", "null"}}), ours), Source::unknown);
  for (const char* site : {"cross-site", "same-site", "nonsense"})
    EXPECT_EQ(source_of(from({{"origin", ours}, {"sec-fetch-site", site}}), ours),
              Source::elsewhere);
  for (const char* origin :
       {"https://evil.example.net", "http://lists.example.org",
        "https://lists.example.org.evil.example.net", "https://lists.example.org:444"})
    EXPECT_EQ(source_of(from({{"origin", origin}}), ours), Source::elsewhere) << origin;
}

TEST(Guard, AnOriginIsWrittenAsBrowsersDo) {
  EXPECT_EQ(origin_of("https://Lists.example.org/incidents"), "https://lists.example.org");
  EXPECT_EQ(origin_of("https://lists.example.org:443"), "https://lists.example.org");
  EXPECT_EQ(origin_of("https://lists.example.org:8443/"), "https://lists.example.org:8443");
}

TEST(Guard, AFormTokenIsGoodForItsFormUntilItsAge) {
  const Keyring keys = Keyring::from_secret("one");
  const std::string token = form_token(keys, "subscribe", kNow);
  EXPECT_TRUE(is_form_token(keys, "subscribe", token, kNow, 12h));
  EXPECT_TRUE(is_form_token(keys, "subscribe", token, kNow + 12h, 12h));
  EXPECT_FALSE(is_form_token(keys, "subscribe", token, kNow + 12h + 1s, 12h));
  EXPECT_FALSE(is_form_token(keys, "subscribe", token, kNow - 1s, 12h)) << "from the future";
  EXPECT_FALSE(is_form_token(keys, "other", token, kNow, 12h));
  EXPECT_FALSE(is_form_token(Keyring::from_secret("two"), "subscribe", token, kNow, 12h));
  std::string moved = token;
  moved[0] = '2';
  for (const std::string& forged : {std::string{}, std::string{"."}, std::string{"1764064800."},
                                    std::string{"1764064800"}, moved, token + "0"})
    EXPECT_FALSE(is_form_token(keys, "subscribe", forged, kNow, 12h)) << forged;
}

TEST(Guard, ASenderIsTheLastOfATrustedProxysList) {
  const std::vector<std::string> trusted{"127.0.0.1"};
  const auto forwarded = [&](const std::string& chain, const std::string& peer = "127.0.0.1") {
    return network_of(from({{"x-forwarded-for", chain}}, peer), trusted);
  };
  EXPECT_EQ(forwarded("192.0.2.7"), "c00002");
  EXPECT_EQ(forwarded("198.51.100.1, 192.0.2.200"), "c00002") << "what a client claims is first";
  EXPECT_EQ(forwarded("198.51.100.1", "192.0.2.9"), "c00002") << "nobody else is believed";
  EXPECT_EQ(forwarded("2001:db8:0:12ab::1"), forwarded("2001:db8:0:12ff:1::2"));
  EXPECT_NE(forwarded("2001:db8:0:12ab::1"), forwarded("2001:db8:0:13ab::1"));
  EXPECT_EQ(forwarded("canary, nonsense"), "?");
  EXPECT_EQ(network_of(from({}), trusted), "?") << "a proxy that says nothing";
}

TEST(Guard, ABudgetIsForAnHourAndAKey) {
  HourlyBudget budget{2};
  EXPECT_TRUE(budget.take("a", kNow));
  EXPECT_TRUE(budget.take("a", kNow + 59min));
  EXPECT_FALSE(budget.take("a", kNow + 59min));
  EXPECT_TRUE(budget.take("b", kNow + 59min));
  EXPECT_TRUE(budget.take("a", kNow + 60min));
}

TEST(Router, AnswersByPathAndMethod) {
  const Router router{
      {{"/page", [](const Request&) { return plain(200, "read"); },
        [](const Request&) { return plain(200, "acted"); }},
       {"/read", [](const Request&) { return plain(200, "read"); }},
       {"/throws", [](const Request&) -> Response { throw std::runtime_error{"canary-inside"}; }}}};
  const auto ask = [&](const char* method, const char* path) {
    return router.answer({method, path, "t=canary", {}, "", ""});
  };
  EXPECT_EQ(ask("GET", "/page").response.body, "read\n");
  EXPECT_EQ(ask("HEAD", "/page").response.body, "read\n");
  EXPECT_EQ(ask("POST", "/page").response.body, "acted\n");
  EXPECT_EQ(ask("POST", "/read").response.status, 405);
  EXPECT_EQ(ask("POST", "/read").response.fields.front().second, "GET, HEAD");
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "canary"}) {
    EXPECT_EQ(ask(method, "/page").response.status, 405) << method;
    EXPECT_EQ(ask(method, "/page").method, "other") << "a method of theirs is not logged";
  }
  for (const char* path : {"/", "/pag", "/page/", "/page/canary", "//page", "/PAGE", "/%70age"}) {
    EXPECT_EQ(ask("GET", path).response.status, 404) << path;
    EXPECT_EQ(ask("GET", path).route, "none") << "a path of theirs is not logged";
  }
  const Answered thrown = ask("GET", "/throws");
  EXPECT_EQ(thrown.response.status, 500);
  EXPECT_EQ(thrown.response.body.find("canary"), std::string::npos);
}

}  // namespace
}  // namespace trust::web
