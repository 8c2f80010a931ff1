#include "intake/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "lib/config/sample.h"

namespace trust::intake {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A file with the needed keys, and `more` on line 2.
std::string file_with(const std::string& more) {
  return "{\n" + more + R"(
  "address": "Security@Example.org", "staff": [{"address": "Ada@example.org", "name": "Ada"}],
  "imap": {"url": "imaps://security%40example.org@mail.example.org", "password_file": "/s/imap"},
  "smtp": {"url": "smtps://security%40example.org@mail.example.org", "password_file": "/s/smtp"}
})";
}

TEST(IntakeConfig, TakesTheWholeShapeOfTheManual) {
  const auto read = config::load_text<Config>(R"({
    "address": "security@example.org", "staff": [{"address":"ada@example.org","name":"Ada"}], "state_dir": "/var/lib/x",
    "imap": {"url": "imaps://security%40example.org@host.example:993", "password_file": "/s/i", "ca_file": "/s/ca", "watch": ["INBOX","\\Junk","\\Sent"], "from": "2026-11-24", "poll": "5s", "append_sent": false, "oauth": null},
    "smtp": {"url": "smtps://security%40example.org@host.example:465", "password_file": "/s/p", "ca_file": "/s/ca", "connections": 2, "rate_per_second": 7, "divert": null, "stop_wait": "10s", "oauth": null},
    "store": {"url": "postgresql://trust@db.example/intake"}, "authentication_results": {"authserv_id": "mx.example"}, "acknowledge": {"envelope": "null", "per_hour": 5},
    "retention": {"days": 90, "server": "expunge"}, "register": {"url": "https://docs.example.org/incidents.json"}, "notices": {"at": "07:30", "late_mail": false, "webhooks": [{"url": "https://h.example/x", "secret_file": "/s/h"}]}, "own_lists": ["Sec.Example.org"], "reply_to": "security+{token}@example.org", "holidays": "/h.ics", "services": "/s.json", "templates": "/t",
    "http": {"listen": "127.0.0.1:9000", "public_url": "https://desk.example.org", "trusted_proxies": ["127.0.0.1"]} })",
                                              "x.json");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->state_dir, "/var/lib/x");
  EXPECT_EQ(read->imap.from.kind, config::MailFrom::Kind::date);
  EXPECT_EQ(read->imap.poll, std::chrono::seconds{5});
  EXPECT_EQ(read->smtp.connections, 2);
  EXPECT_FALSE(read->store.url.is_sqlite());
  EXPECT_EQ(read->authserv_id, "mx.example");
  EXPECT_EQ(read->acknowledge_envelope, Config::Envelope::null);
  EXPECT_EQ(read->retention_server, Config::OnServer::expunge);
  EXPECT_EQ(read->register_url->host, "docs.example.org");
  EXPECT_EQ(read->notices.webhooks.size(), 1U);
  EXPECT_EQ(read->own_lists, std::vector<std::string>{"sec.example.org"});
  EXPECT_EQ(read->http.public_url->host, "desk.example.org");
}

TEST(IntakeConfig, MakesAddressesStrictAndDerivesFolders) {
  const auto read = config::load_text<Config>(file_with(R"("store": {"url": "sqlite:db/x.db"},)"),
                                              "/etc/t/x.json");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->address, "security@example.org");
  EXPECT_EQ(read->staff_addresses(), std::vector<std::string>{"ada@example.org"});
  EXPECT_EQ(read->staff[0].name, "Ada");
  EXPECT_EQ(read->store.url.file(), "/etc/t/db/x.db");
  EXPECT_EQ(read->state_dir, "/etc/t/db");
  EXPECT_EQ(read->authserv_id, "");
  EXPECT_FALSE(read->services);
}

struct BadFile {
  std::string name, more, message;
};
void PrintTo(const BadFile& row, std::ostream* out) { *out << row.name; }
class IntakeConfigRefuses : public testing::TestWithParam<BadFile> {};

TEST_P(IntakeConfigRefuses, AndNamesTheKey) {
  const auto read = config::load_text<Config>(file_with(GetParam().more), "x.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, IntakeConfigRefuses,
    testing::Values(
        BadFile{"envelope", R"("acknowledge": {"envelope": "empty"},)",
                "x.json:2: acknowledge.envelope: write \"bounce\" or \"null\""},
        BadFile{"two_registers",
                R"("register": {"url": "https://h.example/i.json", "file": "i.json"},)",
                "x.json:2: register.file: there beside register.url; remove one of them"},
        BadFile{"reply_to_without_token", R"("reply_to": "security@example.org",)",
                "x.json:2: reply_to: not an address with {token}; write one like "
                "\"name+{token}@example.org\", before the @ at most 37 characters, {token} "
                "included"},

        BadFile{"reply_to_too_long",
                R"("reply_to": "security-of-a-very-long-named-company+{token}@example.org",)",
                "x.json:2: reply_to: not an address with {token}; write one like "
                "\"name+{token}@example.org\", before the @ at most 37 characters, {token} "
                "included"},

        BadFile{"dotted_key", R"("smtp.divert": "x",)",
                "x.json:2: smtp.divert: unknown key; write what is behind the dot inside \"smtp\": "
                "{…}"},
        BadFile{"misspelt_group", R"("acknowlegde": {},)",
                "x.json:2: acknowlegde: unknown key; did you mean \"acknowledge\"?"}),
    [](const auto& row) { return row.param.name; });

TEST(IntakeConfig, RefusesStaffThatCannotBeWrittenTo) {
  const auto error = [](const std::string& staff) {
    return config::load_text<Config>(
               "{\"address\": \"security@example.org\",\n\"staff\": " + staff +
                   ", \"imap\": {\"url\": \"imaps://u@h.example\", \"password_file\": \"p\"}, "
                   "\"smtp\": {\"url\": \"smtp://localhost:25\"}}",
               "x.json")
        .error()
        .text();
  };
  EXPECT_EQ(
      error("[]"),
      "x.json:2: staff: empty; write at least one, like [{\"address\": \"ana@example.org\"}]");
  EXPECT_EQ(error(R"([{"address": "ana@example.org"}, {"address": "A B <a@example.org>"}])"),
            "x.json:2: staff: entry 2: address: not a plain address like ana@example.org");
  EXPECT_EQ(error(R"([{"address": "ana@example.org"}, {"address": "Ana@example.org"}])"),
            "x.json:2: staff: entry 2: address: there twice; remove one of them");
}

TEST(IntakeSample, IsTheFileInTheTree) {
  const std::string sample = config::sample_file(
      config::rows_of<Config>(), "trust-intake: settings. All of them: trust-intake config");
  EXPECT_EQ(sample, content_of("config/intake.json"))
      << "trust-intake config --sample >config/intake.json";
}

TEST(IntakeSample, IsAConfigurationAndAsksForTenKeysAtMost) {
  const auto read = config::load_file<Config>("config/intake.json");
  EXPECT_TRUE(read) << read.error().text();
  int needed = 0;
  for (const auto& row : Config::settings()) needed += row.need == config::Need::optional ? 0 : 1;
  EXPECT_LE(needed, 10);
}

}  // namespace
}  // namespace trust::intake
