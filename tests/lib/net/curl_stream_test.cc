#include "lib/net/curl_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/fakes/scripted_server.h"
#include "tests/fakes/tls_server.h"

namespace trust::net {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::hear;
using test::say;
using test::Script;
using test::ScriptedServer;
using test::TlsServer;
using testing::HasSubstr;

constexpr char kPassword[] = "correct horse";
constexpr char kSecretOnTheWire[] = "AGRlc2tAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==";  // AUTH PLAIN

/// Servers are shared by the tests of a program: their certificates take a while to make.
TlsServer& tls_server(const std::string& certificate, const std::string& protocol,
                      const std::string& tls = "") {
  static std::map<std::string, std::unique_ptr<TlsServer>> servers;
  auto& server = servers[certificate + protocol + tls];
  if (!server) server = std::make_unique<TlsServer>(certificate, protocol, tls);
  return *server;
}

Endpoint endpoint(const std::string& url, const std::string& ca_file = "") {
  return {.url = url,
          .password = kPassword,
          .ca_file = ca_file,
          .ehlo_name = "desk.example.org",
          .timeout = 20s};
}
constexpr char kUser[] = "desk%40example.org";

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

struct Distrust {
  const char* name;
  const char* certificate;
  const char* tls;
  const char* says;
  Fault fault = Fault::denied;
};
std::ostream& operator<<(std::ostream& out, const Distrust& row) { return out << row.name; }
constexpr Distrust kDistrusts[] = {
    {"WrongHost", "wrong-host", "", "is for another name"},
    {"Expired", "expired", "", "has expired"},
    {"NotYetValid", "not-yet", "", "not valid yet"},
    {"SelfSigned", "self-signed", "", "not issued by the authority in ca_file"},
    {"ForeignAuthority", "foreign", "", "not issued by the authority in ca_file"},
    {"WeakSignature", "weak", "", "cannot be trusted"},
    {"Tls11", "good", "1.1", "TLS 1.2 or later", Fault::unavailable},
};
class Sec21 : public testing::TestWithParam<Distrust> {};
INSTANTIATE_TEST_SUITE_P(Servers, Sec21, testing::ValuesIn(kDistrusts),
                         [](const auto& row) { return row.param.name; });

// SEC-21: a doubt about who the server is costs no credential byte.
TEST_P(Sec21, AServerThatIsNotTrustedNeverSeesTheSecret) {
  const Distrust& row = GetParam();
  for (const std::string protocol : {"smtp", "imap"}) {
    TlsServer& server = tls_server(row.certificate, protocol, row.tls);
    const auto stream =
        CurlConnector{}.connect(endpoint(server.url(protocol + "s", kUser), server.ca_file()));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().fault(), row.fault) << stream.error().text();
    EXPECT_THAT(stream.error().text(), HasSubstr(row.says));
    EXPECT_EQ(server.received(), "");
  }
}

TEST(CurlStream, Sec21WithoutCaFileOnlyTheSystemsAuthoritiesAreBelieved) {
  TlsServer& server = tls_server("good", "http");
  for (const char* scheme : {"imaps", "smtps"}) {
    const auto stream = CurlConnector{}.connect(endpoint(server.url(scheme, kUser)));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().fault(), Fault::denied);
    EXPECT_THAT(stream.error().text(), HasSubstr("name its certificate in ca_file"));
  }
  EXPECT_EQ(server.received(), "");
}

struct Plain {
  const char* name;
  const char* scheme;
  Script script;
  bool wants_tls;  ///< a ca_file is set: on loopback, too, STARTTLS is demanded
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const Plain& row) { return out << row.name; }

Script smtp_that_offers(const std::string& keywords) {
  return {say("220 hi\r\n"), hear("EHLO"), say("250-relay\r\n250 " + keywords + "\r\n")};
}
Script imap_that_offers(const std::string& greeting, const std::string& capabilities) {
  return {say("* " + greeting + " hi\r\n"), hear("A001 CAPABILITY"),
          say("* CAPABILITY IMAP4rev1 " + capabilities + "\r\nA001 OK\r\n")};
}
Script operator+(Script script, const Script& more) {
  script.insert(script.end(), more.begin(), more.end());
  return script;
}
const Script kSilence = {test::stall()};

const Plain kPlains[] = {
    {"SmtpStarttlsStripped", "smtp", smtp_that_offers("AUTH PLAIN LOGIN") + kSilence, true,
     "does not offer STARTTLS"},
    {"ImapStarttlsStripped", "imap", imap_that_offers("OK", "AUTH=PLAIN") + kSilence, true,
     "does not offer STARTTLS"},
    {"SmtpStarttlsRefused", "smtp",
     smtp_that_offers("STARTTLS") + Script{hear("STARTTLS"), say("454 not now\r\n")} + kSilence,
     true, "STARTTLS"},
    {"ImapPreauthInsteadOfStarttls", "imap", imap_that_offers("PREAUTH", "STARTTLS") + kSilence,
     true, "STARTTLS"},
    {"ImapPreauth", "imap", imap_that_offers("PREAUTH", "") + kSilence, false,
     "did not ask who we are"},
    {"SmtpOffersNoLogin", "smtp", smtp_that_offers("SIZE") + kSilence, false,
     "does not offer a login"},
    {"SmtpOffersOtherLogins", "smtp", smtp_that_offers("AUTH NTLM CRAM-MD5 GSSAPI") + kSilence,
     false, "offers no login that we can use"},
    {"ImapLoginDisabled", "imap", imap_that_offers("OK", "LOGINDISABLED") + kSilence, false,
     "offers no login that we can use"},
};
class Sec21Plain : public testing::TestWithParam<Plain> {};
INSTANTIATE_TEST_SUITE_P(Servers, Sec21Plain, testing::ValuesIn(kPlains),
                         [](const auto& row) { return row.param.name; });

TEST_P(Sec21Plain, NoSecretWithoutTlsAndNoSessionWithoutLogin) {
  const Plain& row = GetParam();
  ScriptedServer server{{row.script}};
  const auto stream = CurlConnector{}.connect(endpoint(
      server.url(row.scheme, kUser), row.wants_tls ? tls_server("good", "http").ca_file() : ""));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().fault(), Fault::denied);
  EXPECT_THAT(stream.error().text(), HasSubstr(row.says));
  EXPECT_EQ(server.received().find("AUTH"), std::string::npos);
  EXPECT_EQ(server.received().find("LOGIN"), std::string::npos);
}

// CVE-2011-0411 and its kin: what stood in clear text behind the answer to STARTTLS counts for
// nothing.
TEST(CurlStream, Sec21ResponsesInjectedBeforeTlsAreNotBelieved) {
  ScriptedServer server{
      {smtp_that_offers("STARTTLS") +
       Script{hear("STARTTLS"), say("220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n235 in\r\n"),
              test::stall()}}};
  Endpoint to = endpoint(server.url("smtp", kUser), tls_server("good", "http").ca_file());
  to.timeout = 1s;
  EXPECT_FALSE(CurlConnector{}.connect(to));
  EXPECT_EQ(server.received().find(kSecretOnTheWire), std::string::npos);
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

TEST(CurlStream, ACaFileWithoutCertificatesIsSaid) {
  TlsServer& server = tls_server("good", "http");
  const auto stream = CurlConnector{}.connect(endpoint(server.url("imaps", kUser), "/dev/null"));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().fault(), Fault::invalid) << stream.error().text();
  EXPECT_THAT(stream.error().text(), HasSubstr("ca_file holds no certificate"));
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
