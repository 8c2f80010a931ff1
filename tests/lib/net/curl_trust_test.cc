// SEC-21: who the server is, before it learns a secret.
#include "lib/net/curl_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lib/net/mail_servers.h"

namespace trust::net {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

struct Distrust {
  const char* name;
  const char* certificate;
  const char* tls;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const Distrust& row) { return out << row.name; }
constexpr Distrust kDistrusts[] = {
    {"WrongHost", "wrong-host", "", "is for another name"},
    {"Expired", "expired", "", "has expired"},
    {"NotYetValid", "not-yet", "", "not valid yet"},
    {"SelfSigned", "self-signed", "", "not issued by the authority in ca_file"},
    {"ForeignAuthority", "foreign", "", "not issued by the authority in ca_file"},
    {"WeakSignature", "weak", "", "cannot be trusted"},
    {"Tls11", "good", "1.1", "TLS 1.2 or later"},
};
class Sec21 : public testing::TestWithParam<Distrust> {};
INSTANTIATE_TEST_SUITE_P(Servers, Sec21, testing::ValuesIn(kDistrusts),
                         [](const auto& row) { return row.param.name; });

// SEC-21: a doubt about who the server is costs no credential byte.
TEST_P(Sec21, AServerThatIsNotTrustedNeverSeesTheSecret) {
  const Distrust& row = GetParam();
  struct Way {
    const char *protocol, *scheme;
  };
  for (const auto& [protocol, scheme] :
       {Way{"smtp", "smtps"}, Way{"imap", "imaps"}, Way{"smtp+starttls", "smtp"},
        Way{"imap+starttls", "imap"}}) {
    SCOPED_TRACE(protocol);
    TlsServer& server = tls_server(row.certificate, protocol, row.tls);
    const auto stream =
        CurlConnector{}.connect(endpoint(server.url(scheme, kUser), server.ca_file()));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().fault(), Fault::unavailable) << stream.error().text();
    EXPECT_THAT(stream.error().text(), HasSubstr(row.says));
    EXPECT_EQ(server.received().empty(), std::string_view{scheme}.ends_with("s"));
    EXPECT_THAT(server.received(), Not(AnyOf(HasSubstr("AUTH"), HasSubstr("LOGIN"))));
    EXPECT_THAT(server.received(), Not(HasSubstr(kSecretOnTheWire)));
  }
}

TEST(CurlStream, Sec21WithoutCaFileOnlyTheSystemsAuthoritiesAreBelieved) {
  TlsServer& server = tls_server("good", "http");
  for (const char* scheme : {"imaps", "smtps"}) {
    const auto stream = CurlConnector{}.connect(endpoint(server.url(scheme, kUser)));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().fault(), Fault::unavailable);
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
  EXPECT_EQ(stream.error().fault(), Fault::unavailable);
  EXPECT_THAT(stream.error().text(), HasSubstr(row.says));
  EXPECT_EQ(server.received().find("AUTH"), std::string::npos);
  EXPECT_EQ(server.received().find("LOGIN"), std::string::npos);
}

// CVE-2011-0411, CVE-2021-22947 and their kin: what stood in clear text behind the answer to
// STARTTLS counts for nothing. TlsTest.LogsInAndTalks has the same server without it.
TEST(CurlStream, Sec21ResponsesInjectedBeforeTlsAreNotBelieved) {
  for (const std::string protocol : {"smtp", "imap"}) {
    SCOPED_TRACE(protocol);
    TlsServer& server = tls_server("good", protocol + "+injected");
    const auto stream =
        CurlConnector{}.connect(endpoint(server.url(protocol, kUser), server.ca_file()));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().fault(), Fault::unavailable);
    EXPECT_THAT(server.received(), HasSubstr("STARTTLS"));
    EXPECT_THAT(server.received(), Not(HasSubstr(kSecretOnTheWire)));
  }
}

// CVE-2026-4873 and its kin.
TEST(CurlStream, Sec22AConnectionInClearTextNeverServesOneThatWantsTls) {
  const Script smtp =
      smtp_that_offers("AUTH PLAIN") +
      Script{hear("AUTH"), say("334 \r\n"), hear(""), say("235 2.7.0 in\r\n"), test::stall()};
  const Script imap =
      imap_that_offers("OK", "AUTH=PLAIN") + Script{hear("A002 AUTHENTICATE"), say("+ \r\n"),
                                                    hear(""), say("A002 OK in\r\n"), test::stall()};
  const Script smtp_tls =
      smtp_that_offers("STARTTLS") + Script{hear("STARTTLS"), say("220 go\r\n"), test::stall()};
  const Script imap_tls = imap_that_offers("OK", "STARTTLS") +
                          Script{hear("A002 STARTTLS"), say("A002 OK go\r\n"), test::stall()};
  for (const bool still_open : {true, false})
    for (const std::string scheme : {"smtp", "imap"}) {
      SCOPED_TRACE(scheme + (still_open ? ", the first still open" : ""));
      ScriptedServer server{
          {scheme == "smtp" ? smtp : imap, scheme == "smtp" ? smtp_tls : imap_tls}};
      CurlConnector connector;
      auto plain = connector.connect(endpoint(server.url(scheme, kUser)));
      ASSERT_TRUE(plain) << plain.error().text();
      EXPECT_THAT(server.received(0), HasSubstr(kSecretOnTheWire));
      if (!still_open) plain->reset();
      Endpoint to = endpoint(server.url(scheme, kUser), tls_server("good", "http").ca_file());
      to.timeout = 1s;
      EXPECT_FALSE(connector.connect(to));
      ASSERT_EQ(server.connections(), 2U);
      EXPECT_THAT(server.received(1), HasSubstr("STARTTLS\r\n\x16\x03")) << "a ClientHello";
      EXPECT_THAT(server.received(1), Not(HasSubstr(kSecretOnTheWire)));
    }
}

TEST(CurlStream, ACaFileWithoutCertificatesIsSaid) {
  TlsServer& server = tls_server("good", "http");
  const auto stream = CurlConnector{}.connect(endpoint(server.url("imaps", kUser), "/dev/null"));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().fault(), Fault::invalid) << stream.error().text();
  EXPECT_THAT(stream.error().text(), HasSubstr("ca_file holds no certificate"));
}

}  // namespace
}  // namespace trust::net
