#include "notifier/config.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/config/sample.h"

namespace trust::notifier {
namespace {

/// A whole file with `more` keys in it.
Result<Config> config_with(const std::string& more,
                           const std::string& from = "Trust <Trust@Example.org>") {
  return config::load_text<Config>(
      "{\"from\": \"" + from + "\", \"staff\": [{\"address\": \"Ana@example.org\"}],\n" +
          "\"smtp\": {\"url\": \"smtp://localhost:25\"}, \"store\": {\"url\": "
          "\"sqlite:/s/n.db\"},\n" +
          "\"site\": {\"base_url\": \"https://docs.example.org/trust/incidents\"}" + more + "}",
      "/etc/x.json");
}

TEST(NotifierConfig, WhatIsNotSetIsDerived) {
  const Result<Config> config = config_with("");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->sender.name, "Trust");
  EXPECT_EQ(config->sender.address, "trust@example.org");
  EXPECT_EQ(config->list_id, "incidents.example.org");
  EXPECT_EQ(config->state_dir, "/s");
  EXPECT_EQ(config->site.base_url.text, "https://docs.example.org/trust/incidents/");
  EXPECT_EQ(config->hold, std::chrono::minutes{10});
  EXPECT_TRUE(config->site.check_live);
  EXPECT_FALSE(config->site.folder);
  EXPECT_EQ(config->staff_addresses(), std::vector<std::string>{"ana@example.org"});
}

TEST(NotifierConfig, WhatCannotWorkIsRefused) {
  const std::pair<const char*, const char*> rows[] = {
      {", \"bounces\": {\"address\": \"bounces@example.org\"}", "bounces.address"},
      {", \"bounces\": {\"address\": \"an-address-that-is-much-too-long+{token}@example.org\"}",
       "bounces.address"},
      {", \"bounces\": {\"address\": \"b+{token}@example.org\\r\\nX: y\"}", "bounces.address"},
      {", \"list_id\": \"no dots\"", "list_id"},
      {", \"list_id\": \"a.b>\"", "list_id"},
      {", \"announce\": {\"hold\": \"0s\"}", "announce.hold"},
      {", \"sight\": {}", "sight"},
      {", \"bounces\": {\"imap\": {\"url\": \"imaps://b@mail.example.org\"}}", "bounces.imap"}};
  for (const auto& [more, key] : rows) {
    const Result<Config> config = config_with(more);
    ASSERT_FALSE(config) << more;
    EXPECT_EQ(config.error().fault(), Fault::invalid);
    EXPECT_NE(config.error().text().find(key), std::string::npos) << config.error().text();
  }
  for (const char* from : {"nobody", "a@example.org, b@example.org", "Name <a@b@example.org>",
                           "x <\\\"a b\\\"@example.org>"})
    EXPECT_FALSE(config_with("", from)) << from;
  EXPECT_TRUE(config_with(", \"bounces\": {\"address\": \"bounces+{token}@bounces.example.org\"}"));
}

TEST(NotifierSample, IsTheFileInTheTree) {
  const std::string sample = config::sample_file(
      config::rows_of<Config>(), "trust-notifier: settings. All of them: trust-notifier config");
  EXPECT_EQ(sample, *read_file("config/notifier.json"))
      << "trust-notifier config --sample >config/notifier.json";
}

TEST(NotifierSample, IsAConfigurationAndAsksForTenKeysAtMost) {
  const auto read = config::load_file<Config>("config/notifier.json");
  EXPECT_TRUE(read) << read.error().text();
  int needed = 0;
  for (const auto& row : Config::settings()) needed += row.need == config::Need::optional ? 0 : 1;
  EXPECT_LE(needed, 10);
}

}  // namespace
}  // namespace trust::notifier
