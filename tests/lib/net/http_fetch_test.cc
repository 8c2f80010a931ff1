#include "lib/net/http_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/scripted_server.h"
#include "tests/fakes/tls_server.h"

namespace trust::net {
namespace {

using namespace std::chrono_literals;
using test::hear_until;
using test::say;
using test::Script;
using test::ScriptedServer;
using testing::HasSubstr;

Script answering(const std::string& answer) {
  return {hear_until("\r\n\r\n"), say(answer), test::drop()};
}
Result<HttpAnswer> get(const std::string& url, const FetchLimits& limits = {}) {
  const std::string configured[] = {url};
  return http_get(url, configured, limits);
}

TEST(HttpFetch, GivesCodeTypeAndBody) {
  ScriptedServer server{
      {answering("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
                 "Content-Length: 5\r\n\r\nhello")}};
  const auto answer = get(server.url("http") + "/a/b?c#d");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->code, 200);
  EXPECT_EQ(answer->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(answer->body, "hello");
  EXPECT_THAT(server.received(), testing::StartsWith("GET /a/b?c HTTP/1.1\r\n"));
}

TEST(HttpFetch, ARefusalIsAnAnswer) {
  for (const int code : {404, 410, 500, 503}) {
    ScriptedServer server{
        {answering("HTTP/1.1 " + std::to_string(code) + " No\r\nContent-Length: 2\r\n\r\nno")}};
    const auto answer = get(server.url("http") + "/");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->code, code);
    EXPECT_EQ(answer->body, "no");
  }
}

TEST(HttpFetch, WhatIsHeldIsAskedForByItsEtag) {
  ScriptedServer server{
      {answering("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 2\r\n\r\nok"),
       answering("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n"),
       answering("HTTP/1.1 200 OK\r\nETag: " + std::string(201, 'x') +
                 "\r\nContent-Length: 2\r\n\r\nok")}};
  const std::string url = server.url("http") + "/";
  EXPECT_EQ(get(url)->etag, "\"v1\"");
  EXPECT_EQ(get(url, {.etag = "\"v1\""})->code, 304);
  EXPECT_EQ(get(url)->etag, "");
  EXPECT_EQ(server.received(0).find("If-None-Match"), std::string::npos);
  EXPECT_THAT(server.received(1), HasSubstr("\r\nIf-None-Match: \"v1\"\r\n"));
}

TEST(HttpFetch, Sec57ARedirectIsNotFollowed) {
  ScriptedServer other{{answering("HTTP/1.1 200 OK\r\n\r\nsecret")}};
  ScriptedServer server{{answering("HTTP/1.1 302 Found\r\nLocation: " + other.url("http") +
                                   "/\r\nContent-Length: 0\r\n\r\n")}};
  const auto answer = get(server.url("http") + "/");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->code, 302);
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(other.connections(), 0U);
}

TEST(HttpFetch, Sec57OnlyConfiguredOriginsAreRead) {
  ScriptedServer server{{answering("HTTP/1.1 200 OK\r\n\r\n")}};
  const std::string configured[] = {"https://docs.example.org/trust/", "http://127.0.0.1:1/"};
  for (const std::string& url :
       {server.url("http") + "/", std::string{"https://docs.example.org:444/"},
        std::string{"http://docs.example.org/"},
        std::string{"https://docs.example.org.example.net/"},
        std::string{"https://docs.example.org@example.net/"},
        std::string{"https://user@docs.example.org/"}, std::string{"file:///etc/passwd"},
        std::string{"gopher://docs.example.org/"}, std::string{}}) {
    const auto answer = http_get(url, configured);
    ASSERT_FALSE(answer) << url;
    EXPECT_EQ(answer.error().fault(), Fault::invalid) << url;
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(HttpFetch, Sec57ANameThatLeadsToAPrivateAddressIsNotFetched) {
  test::TlsServer server{"good", "http"};
  // A name like any other (libcurl resolves all under .localhost to this machine); that it leads
  // here is not what the URL says.
  const auto answer =
      get(server.url("https", "", "docs.localhost") + "/", {.ca_file = server.ca_file()});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault(), Fault::invalid) << answer.error().text();
  EXPECT_THAT(answer.error().text(), HasSubstr("private address"));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto found = get(server.url("https", "", host) + "/", {.ca_file = server.ca_file()});
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->body, "hello");
  }
}

TEST(HttpFetch, Sec57ClearTextIsForLoopbackOnly) {
  for (const char* url : {"http://docs.example.org/", "http://192.0.2.1/",
                          "http://169.254.169.254/", "http://[2001:db8::1]/"}) {
    const auto answer = get(url);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault(), Fault::invalid) << url;
  }
  ScriptedServer server{{answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")}};
  const std::string port = ":" + std::to_string(server.port()) + "/";
  for (const std::string host :
       {"http://127.0.0.1", "http://127.1", "http://0x7f000001", "http://localhost"})
    EXPECT_TRUE(get(host + port)) << host;
}

TEST(HttpFetch, Sec22AConnectionInClearTextNeverServesOneThatWantsTls) {
  const std::string page =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";
  ScriptedServer server{
      {Script{hear_until("\r\n\r\n"), say(page), test::stall()}, Script{test::stall()}}};
  const std::string plain = server.url("http"), tls = server.url("https");
  const std::string configured[] = {plain, tls};
  ASSERT_TRUE(http_get(plain, configured));
  EXPECT_FALSE(http_get(tls, configured, {.timeout = 1s}));
  ASSERT_EQ(server.connections(), 2U);
  EXPECT_TRUE(server.received(1).starts_with("\x16\x03")) << "a ClientHello, and nothing before it";
}

TEST(HttpFetch, LengthIsLimited) {
  ScriptedServer exact{{answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")}};
  EXPECT_TRUE(get(exact.url("http") + "/", {.max_bytes = 10}));
  for (const std::string head : {"Content-Length: 11\r\n", "", "Content-Length: 99999999999\r\n"}) {
    ScriptedServer server{{answering("HTTP/1.1 200 OK\r\n" + head + "\r\n0123456789A")}};
    const auto answer = get(server.url("http") + "/", {.max_bytes = 10});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault(), Fault::unavailable);
    EXPECT_THAT(answer.error().text(), HasSubstr("longer than 10 B"));
  }
}

TEST(HttpFetch, TimeIsLimited) {
  ScriptedServer slow{{{hear_until("\r\n\r\n"), say("HTTP/1.1 200 OK\r\n\r\n0"), test::stall()}}};
  const auto answer = get(slow.url("http") + "/", {.timeout = 300ms});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault(), Fault::unavailable);
}

TEST(HttpFetch, ABodyThatIsCutShortIsNoBody) {
  ScriptedServer server{{answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")}};
  const auto answer = get(server.url("http") + "/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault(), Fault::unavailable);
}

TEST(HttpFetch, OriginsAreComparedWithCaseAndPort) {
  EXPECT_EQ(origin_of("HTTPS://Docs.Example.ORG/x"), "https://docs.example.org:443");
  EXPECT_EQ(origin_of("http://127.0.0.1:80"), "http://127.0.0.1:80");
  EXPECT_EQ(origin_of("https://[2001:DB8::1]/"), "https://[2001:db8::1]:443");
  for (const char* none :
       {"", "docs.example.org", "ftp://x/", "imaps://u@x", "https://u@x/", "https://"})
    EXPECT_EQ(origin_of(none), "") << none;
}

}  // namespace
}  // namespace trust::net
