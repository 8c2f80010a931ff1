#include "lib/net/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/tls_server.h"

namespace trust::net {
namespace {

struct Row {
  const char* protocol;
  const char* scheme;
};

TEST(Probe, TellsWhenTheCertificateEnds) {
  const SystemClock clock;
  for (const Row& row : {Row{"smtp", "smtps"}, {"imap+starttls", "imap"}, {"http", "https"}}) {
    test::TlsServer server{"good", row.protocol};
    const Result<UtcTime> end = certificate_end(
        {.url = server.url(row.scheme, "desk"), .password = "secret", .ca_file = server.ca_file()});
    ASSERT_TRUE(end) << row.scheme << ": " << end.error().text();
    const auto left = std::chrono::duration_cast<std::chrono::hours>(*end - clock.now());
    EXPECT_NEAR(static_cast<double>(left.count()) / 24, 20, 1) << row.scheme;
    EXPECT_EQ(server.received().find("AUTH"), std::string::npos) << "looking needs no login";
  }
}

TEST(Probe, AnExpiredCertificateIsSaid) {
  test::TlsServer server{"expired", "imap"};
  const Result<UtcTime> end =
      certificate_end({.url = server.url("imaps", "u"), .ca_file = server.ca_file()});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().fault(), Fault::unavailable);
  EXPECT_THAT(end.error().text(), testing::HasSubstr("has expired"));
}

TEST(Probe, ClearTextHasNoCertificate) {
  const Result<UtcTime> end = certificate_end({.url = "smtp://127.0.0.1:25"});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().fault(), Fault::not_found);
}

TEST(Probe, ResolvesNames) {
  const auto found = resolve("localhost");
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_THAT(*found, testing::Contains(testing::AnyOf("127.0.0.1", "::1")));
  EXPECT_FALSE(resolve("mail.invalid"));
}

}  // namespace
}  // namespace trust::net
