// A session that is logged in, its bytes, and what is said where there is none.
#include "lib/net/curl_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lib/net/mail_servers.h"

namespace trust::net {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

Stream::Deadline in(std::chrono::milliseconds span) { return steady_clock::now() + span; }

std::string read_line(Stream& stream) {
  std::string line;
  while (!line.ends_with("\n")) {
    const Result<std::string> byte = stream.receive(1, in(20s));
    if (!byte || byte->empty()) return line + "<end>";
    line += *byte;
  }
  return line;
}

struct Protocol {
  const char* name;
  const char* server;
  const char* scheme;
  const char* ask;
  const char* answer;
};
std::ostream& operator<<(std::ostream& out, const Protocol& row) { return out << row.name; }
constexpr Protocol kProtocols[] = {
    {"Smtps", "smtp", "smtps", "NOOP\r\n", "250 ok\r\n"},
    {"Imaps", "imap", "imaps", "t1 NOOP\r\n", "t1 OK done\r\n"},
    {"SmtpStarttls", "smtp+starttls", "smtp", "NOOP\r\n", "250 ok\r\n"},
    {"ImapStarttls", "imap+starttls", "imap", "t1 NOOP\r\n", "t1 OK done\r\n"},
};
class TlsTest : public testing::TestWithParam<Protocol> {
 protected:
  Result<std::unique_ptr<Stream>> connect() {
    return CurlConnector{}.connect(
        endpoint(server_.url(GetParam().scheme, kUser), server_.ca_file()));
  }
  TlsServer& server_ = tls_server("good", GetParam().server);
};
INSTANTIATE_TEST_SUITE_P(Protocols, TlsTest, testing::ValuesIn(kProtocols),
                         [](const auto& row) { return row.param.name; });

TEST_P(TlsTest, LogsInAndTalks) {
  // An address as user may be written as it is.
  ASSERT_TRUE(CurlConnector{}.connect(
      endpoint(server_.url(GetParam().scheme, "desk@example.org"), server_.ca_file())));
  auto stream = connect();
  ASSERT_TRUE(stream) << stream.error().text();
  EXPECT_THAT(server_.received(), HasSubstr(kSecretOnTheWire));
  EXPECT_FALSE((*stream)->has_input());
  ASSERT_TRUE((*stream)->send(GetParam().ask, in(20s)));
  EXPECT_EQ(read_line(**stream), GetParam().answer);
}

// TLS decrypts a record of 16 KiB at once; whoever reads small pieces and waits for the socket in
// between waits for ever.
TEST_P(TlsTest, BytesThatTlsHoldsAreHad) {
  auto stream = connect();
  ASSERT_TRUE(stream) << stream.error().text();
  ASSERT_TRUE((*stream)->send("GIVE 500000\r\n", in(20s)));
  std::size_t got = 0;
  while (got < 500'000) {
    const Result<std::string> bytes = (*stream)->receive(1'000, in(20s));
    ASSERT_TRUE(bytes) << bytes.error().text();
    ASSERT_LE(bytes->size(), 1'000U);
    ASSERT_EQ(bytes->find_first_not_of('x'), std::string::npos);
    got += bytes->size();
  }
  EXPECT_FALSE((*stream)->has_input());
}

struct Refusal {
  const char* name;
  const char* scheme;
  Script script;
  Fault fault;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const Refusal& row) { return out << row.name; }

Script smtp_login_answered(const std::string& answer) {
  return smtp_that_offers("AUTH PLAIN") +
         Script{hear("AUTH"), say("334 \r\n"), hear(""), say(answer), test::stall()};
}
Script imap_login_answered(const std::string& answer) {
  return imap_that_offers("OK", "AUTH=PLAIN") + Script{hear("A002 AUTHENTICATE PLAIN"),
                                                       say("+ \r\n"), hear(""), say(answer),
                                                       test::stall()};
}
const Refusal kRefusals[] = {
    {"SmtpWrongPassword", "smtp", smtp_login_answered("535 5.7.8 no\r\n"), Fault::denied,
     "the login was refused"},
    {"SmtpLoginLater", "smtp", smtp_login_answered("454 4.7.0 not now\r\n"), Fault::unavailable,
     "cannot check logins now"},
    {"ImapWrongPassword", "imap", imap_login_answered("A002 NO [AUTHENTICATIONFAILED] no\r\n"),
     Fault::denied, "the login was refused"},
    {"ImapLoginLater", "imap", imap_login_answered("A002 NO [UNAVAILABLE] later\r\n"),
     Fault::unavailable, "cannot check logins now"},
    {"NotAMailServer",
     "imap",
     {say("HTTP/1.1 400 Bad Request\r\n\r\n"), test::drop()},
     Fault::unavailable,
     "hung up or did not speak"},
    {"HangsUp", "smtp", {test::drop()}, Fault::unavailable, "hung up or did not speak"},
};
class RefusalTest : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(Servers, RefusalTest, testing::ValuesIn(kRefusals),
                         [](const auto& row) { return row.param.name; });

TEST_P(RefusalTest, IsSaidInOneSentence) {
  ScriptedServer server{{GetParam().script}};
  const auto stream = CurlConnector{}.connect(endpoint(server.url(GetParam().scheme, kUser)));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().fault(), GetParam().fault);
  EXPECT_THAT(stream.error().text(), HasSubstr(GetParam().says));
  EXPECT_EQ(stream.error().text().find("example.org"), std::string::npos) << "the user is private";
}

TEST(CurlStream, AnImapServerWithoutSaslIsLoggedInToByLogin) {
  ScriptedServer server{
      {imap_that_offers("OK", "") + kSilence,
       imap_that_offers("OK", "") + Script{hear("A002 LOGIN"), say("A002 OK in\r\n"),
                                           hear("x NOOP"), say("x OK\r\n"), test::stall()}}};
  auto stream = CurlConnector{}.connect(endpoint(server.url("imap", kUser)));
  ASSERT_TRUE(stream) << stream.error().text();
  EXPECT_THAT(server.received(1), HasSubstr("A002 LOGIN desk@example.org \"correct horse\"\r\n"));
  ASSERT_TRUE((*stream)->send("x NOOP\r\n", in(20s)));
  EXPECT_EQ(read_line(**stream), "x OK\r\n");
}

TEST(CurlStream, ATokenGoesByXoauth2) {
  ScriptedServer server{
      {smtp_that_offers("AUTH PLAIN XOAUTH2") +
       Script{hear("AUTH XOAUTH2"), say("334 \r\n"), hear(""), say("235 in\r\n"), test::stall()}}};
  Endpoint to = endpoint(server.url("smtp", kUser));
  to.password.clear();
  to.access_token = "token";
  ASSERT_TRUE(CurlConnector{}.connect(to));
  // "user=desk@example.org^Aauth=Bearer token^A^A"
  EXPECT_THAT(server.received(),
              HasSubstr("dXNlcj1kZXNrQGV4YW1wbGUub3JnAWF1dGg9QmVhcmVyIHRva2VuAQE="));
}

TEST(CurlStream, ARelayOnThisMachineNeedsNoLogin) {
  ScriptedServer server{
      {{say("220 hi\r\n"), hear("EHLO [127.0.0.1]"), say("250-relay\r\n250 AUTH PLAIN\r\n"),
        hear("NOOP"), say("250 ok\r\n"), test::stall()}}};
  auto stream = CurlConnector{}.connect({.url = server.url("smtp")});
  ASSERT_TRUE(stream) << stream.error().text();
  ASSERT_TRUE((*stream)->send("NOOP\r\n", in(20s)));
  EXPECT_EQ(read_line(**stream), "250 ok\r\n");
}

struct Wrong {
  const char* name;
  Endpoint endpoint;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const Wrong& row) { return out << row.name; }
const Wrong kWrongs[] = {
    {"NoScheme", {.url = "mail.example.org"}, "the url cannot be read"},
    {"Empty", {.url = ""}, "the url cannot be read"},
    {"Web", {.url = "https://mail.example.org", .password = "x"}, "begins with imaps:// or smtps"},
    {"PasswordInUrl", {.url = "imaps://u:geheim@mail.example.org"}, "use password_file"},
    {"Path", {.url = "imaps://u@mail.example.org/INBOX", .password = "x"}, "end after the port"},
    {"Query", {.url = "smtps://u@mail.example.org?x", .password = "x"}, "end after the port"},
    {"SecretWithoutUser", {.url = "imaps://mail.example.org", .password = "x"}, "no user"},
    {"UserWithoutSecret", {.url = "smtps://u@mail.example.org"}, "set password_file"},
    {"ImapWithoutSecret", {.url = "imaps://mail.example.org"}, "set password_file"},
    {"CrLfInUser", {.url = "imaps://u%0d%0ax@mail.example.org", .password = "x"}, ""},
    {"CrLfInPassword", {.url = "imaps://u@h.example.org", .password = "x\r\ny"}, "control"},
    {"CrLfInEhloName",
     {.url = "smtps://u@h.example.org", .password = "x", .ehlo_name = "a\r\nMAIL"},
     "must be a host name"},
    {"CaFileMissing",
     {.url = "imaps://u@127.0.0.1:1", .password = "x", .ca_file = "/nowhere/ca.pem"},
     "ca_file /nowhere/ca.pem cannot be read"},
};
class WrongEndpoint : public testing::TestWithParam<Wrong> {};
INSTANTIATE_TEST_SUITE_P(Rows, WrongEndpoint, testing::ValuesIn(kWrongs),
                         [](const auto& row) { return row.param.name; });

TEST_P(WrongEndpoint, IsSaidWithoutTheSecret) {
  const auto stream = CurlConnector{}.connect(GetParam().endpoint);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().fault(), Fault::invalid);
  EXPECT_THAT(stream.error().text(), HasSubstr(GetParam().says));
  EXPECT_EQ(stream.error().text().find("geheim"), std::string::npos);
}

TEST(CurlStream, NobodyThereAndNoSuchHostAreSaid) {
  const std::string closed = "127.0.0.1:" + std::to_string(test::closed_port());
  for (const auto& [host, says] :
       {std::pair{closed, "nothing answers there"}, {"mail.invalid", "cannot be resolved"}}) {
    const auto stream = CurlConnector{}.connect(endpoint("imaps://u@" + host));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().fault(), Fault::unavailable);
    EXPECT_THAT(stream.error().text(), HasSubstr(says));
  }
}

TEST(CurlStream, ConnectingEndsByItsDeadline) {
  ScriptedServer mute{{kSilence}};
  for (const char* scheme : {"imap", "smtp", "imaps", "smtps"}) {
    Endpoint to = endpoint(mute.url(scheme, kUser));
    to.timeout = 300ms;
    const auto began = steady_clock::now();
    const auto stream = CurlConnector{}.connect(to);
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().fault(), Fault::unavailable);
    EXPECT_THAT(stream.error().text(), HasSubstr("no answer in time"));
    EXPECT_LT(steady_clock::now() - began, 5s);
  }
}

TEST(CurlStream, SendingAndReceivingEndByTheirDeadline) {
  ScriptedServer server{{{say("220 hi\r\n"), hear("EHLO"), say("250 relay\r\n"), test::be_deaf()}}};
  auto stream = CurlConnector{}.connect({.url = server.url("smtp")});
  ASSERT_TRUE(stream);
  const Result<std::string> nothing = (*stream)->receive(10, in(100ms));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().fault(), Fault::unavailable);
  const Status unread = (*stream)->send(std::string(64U << 20U, 'x'), in(300ms));
  ASSERT_FALSE(unread);
  EXPECT_EQ(unread.error().fault(), Fault::unavailable);
}

TEST(CurlStream, TheEndOfThePeerIsInputAndAnEmptyString) {
  ScriptedServer server{{{say("220 hi\r\n"), hear("EHLO"), say("250 relay\r\n"), hear("bye"),
                          say("last"), test::drop()}}};
  auto stream = CurlConnector{}.connect({.url = server.url("smtp")});
  ASSERT_TRUE(stream);
  EXPECT_FALSE((*stream)->has_input());
  ASSERT_TRUE((*stream)->send("bye\r\n", in(20s)));
  ASSERT_TRUE(server.wait_until_over(0));
  EXPECT_TRUE((*stream)->has_input());
  EXPECT_EQ(*(*stream)->receive(2, in(20s)), "la");
  EXPECT_EQ(*(*stream)->receive(20, in(20s)), "st");
  EXPECT_TRUE((*stream)->has_input());
  EXPECT_EQ(*(*stream)->receive(20, in(20s)), "");
}

}  // namespace
}  // namespace trust::net
