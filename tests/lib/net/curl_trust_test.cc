// SEC-21: who the server is, before it learns a secret.
#include "lib/net/curl_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/lib/net/mail_servers.h"

namespace trust::net {
namespace {

using testing::HasSubstr;

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

TEST(CurlStream, ACaFileWithoutCertificatesIsSaid) {
  TlsServer& server = tls_server("good", "http");
  const auto stream = CurlConnector{}.connect(endpoint(server.url("imaps", kUser), "/dev/null"));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().fault(), Fault::invalid) << stream.error().text();
  EXPECT_THAT(stream.error().text(), HasSubstr("ca_file holds no certificate"));
}

}  // namespace
}  // namespace trust::net
