#include "lib/config/url.h"

#include <gtest/gtest.h>

namespace trust::config {
namespace {

Result<Url> mail_url(std::string_view text) { return parse_url(text, {"imaps", "imap"}); }

TEST(UrlOfAServer, IsTakenApart) {
  const Result<Url> url = mail_url("IMAPS://security%40Example.org@Mail.Example.org:1993/");
  ASSERT_TRUE(url) << url.error().text();
  EXPECT_EQ(url->scheme, "imaps");
  EXPECT_EQ(url->user, "security@Example.org");
  EXPECT_EQ(url->host, "mail.example.org");
  EXPECT_EQ(url->port, 1993);
  EXPECT_EQ(url->path, "/");
  EXPECT_FALSE(url->is_loopback());
  EXPECT_EQ(mail_url("imaps://u@[::1]")->host, "::1");
  EXPECT_EQ(mail_url("imaps://u@h.example")->port, 993);
}

struct Row {
  std::string name, text, message;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
class UrlRefuses : public testing::TestWithParam<Row> {};

TEST_P(UrlRefuses, AndSaysWhatToWrite) {
  const Result<Url> url = mail_url(GetParam().text);
  ASSERT_FALSE(url);
  EXPECT_NE(url.error().text().find(GetParam().message), std::string::npos) << url.error().text();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, UrlRefuses,
    testing::Values(Row{"no_scheme", "mail.example.org", "write imaps://…"},
                    Row{"other_scheme", "https://mail.example.org", "write imaps://…"},
                    Row{"password", "imaps://u:p@mail.example.org", "password_file"},
                    Row{"two_at", "imaps://a@b@mail.example.org", "%40"},
                    Row{"line_break_in_the_user", "imaps://a%0d%0aX@mail.example.org",
                        "cannot be read"},
                    Row{"bad_percent", "imaps://a%4@mail.example.org", "cannot be read"},
                    Row{"no_host", "imaps://u@", "names no host"},
                    Row{"port", "imaps://u@h.example:70000", "1 to 65535"},
                    Row{"port_with_a_tail", "imaps://u@h.example:99x", "1 to 65535"},
                    Row{"space", "imaps://u@h .example", "space"},
                    Row{"umlaut", "imaps://u@hä.example", "xn--"},
                    Row{"query", "imaps://u@h.example/?x", "leave it away"},
                    Row{"open_bracket", "imaps://u@[::1", "names no host"}),
    [](const auto& row) { return row.param.name; });

TEST(UrlOfASite, MayBeClearTextToThisMachineOnly) {
  for (const char* text :
       {"http://example.org", "http://127.example.org", "http://localhost.example.org"}) {
    const Result<Url> url = parse_url(text, {"https", "http"});
    ASSERT_FALSE(url) << text;
    EXPECT_NE(url.error().text().find("write https://"), std::string::npos) << text;
  }
  EXPECT_TRUE(parse_url("http://localhost:8080", {"https", "http"}));
}

TEST(UrlOfAServer, TellsThisMachineFromOthers) {
  for (const char* text : {"imap://u@127.example.org", "imap://u@localhost.example.org"})
    EXPECT_FALSE(mail_url(text)->is_loopback()) << text;
  for (const char* text :
       {"imap://u@localhost", "imap://u@127.0.0.1:143", "imap://u@127.9.9.9", "imap://u@[::1]:143"})
    EXPECT_TRUE(mail_url(text)->is_loopback()) << text;
}

TEST(ListenAddress, HasAHostAndAPort) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8025")->port, 8025);
  EXPECT_EQ(parse_listen_address("[::1]:8025")->host, "::1");
  for (const char* text : {"", ":8025", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "a b:1"})
    EXPECT_FALSE(parse_listen_address(text)) << text;
}

}  // namespace
}  // namespace trust::config
