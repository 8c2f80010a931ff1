#include "lib/config/config_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "lib/config/sample.h"

namespace trust::config {
namespace {

struct Small {
  std::string address;
  std::vector<Person> staff;
  ImapSettings imap;
  SmtpSettings smtp;
  StoreSettings store;
  NoticeSettings notices;
  HttpSettings http;
  std::optional<std::string> services;

  static std::span<const Setting<Small>> settings() {
    static const std::vector<Setting<Small>> rows =
        config::table<Small>({{setting("address", Need::required, R"("security@example.org")",
                                       "The address.", &Small::address),
                               setting("staff", Need::optional, "[]", "People.", &Small::staff)},
                              imap_settings("imap", Need::required, &Small::imap),
                              smtp_settings("smtp", &Small::smtp),
                              store_settings("store", R"("sqlite:/var/lib/x/x.db")", &Small::store),
                              notice_settings("notices", LateMail::settable, &Small::notices),
                              http_settings("http", R"("127.0.0.1:8025")", PrivateListen::settable,
                                            R"("127.0.0.1:8026")", &Small::http),
                              {path_setting("services", Need::usual, R"("services.json")",
                                            "Services.", &Small::services)}});
    return rows;
  }
  std::optional<Problem> check() {
    if (auto problem = check_login("imap", imap)) return problem;
    return check_login("smtp", smtp);
  }
};

/// A good file; `more` goes in behind the address, on line 3.
std::string file_with(const std::string& more, const std::string& imap = "",
                      const std::string& smtp = "") {
  return "{ // comment\n  \"address\": \"a@example.org\",\n  " + more +
         "\n  \"imap\": {\n    \"url\": \"imaps://a%40example.org@mail.example.org\",\n    " +
         imap +
         "\n    \"password_file\": \"imap-secret\"\n  },\n"
         "  \"smtp\": { \"url\": \"smtp://127.0.0.1:25\"" +
         smtp + " }\n}\n";
}

TEST(ConfigFile, FillsWhatStandsThereAndDefaultsTheRest) {
  const auto read = load_text<Small>(file_with(R"("staff": [{"address": "b@example.org"}],)"),
                                     "/etc/trust-mail/x.json");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->address, "a@example.org");
  EXPECT_EQ(read->staff.at(0).address, "b@example.org");
  EXPECT_EQ(read->imap.url.user, "a@example.org");
  EXPECT_EQ(read->imap.url.account(), "a@example.org@mail.example.org");
  EXPECT_EQ(read->imap.url.port, 993);
  EXPECT_EQ(read->imap.poll, std::chrono::seconds{30});
  EXPECT_EQ(read->imap.watch, (std::vector<std::string>{"INBOX", "\\Junk", "\\Sent"}));
  EXPECT_EQ(read->imap.from.kind, MailFrom::Kind::now);
  EXPECT_EQ(read->smtp.connections, 4);
  EXPECT_EQ(read->smtp.stop_wait, std::chrono::seconds{30});
  EXPECT_EQ(read->notices.at.since_midnight, std::chrono::hours{8});
  EXPECT_EQ(read->http.listen.port, 8025);
  EXPECT_EQ(read->http.private_listen->port, 8026);
  EXPECT_EQ(read->store.url.file(), "/var/lib/x/x.db");
  EXPECT_FALSE(read->services);
}

TEST(ConfigFile, RelativeFilesCountFromTheFoldersOfTheFile) {
  const auto read =
      load_text<Small>(file_with(R"("store": {"url": "sqlite:../db/x.db"}, "services": "s.json",
                   "notices": {"webhooks": [{"url": "https://h.example", "secret_file": "hook"}]},)",
                                 R"("ca_file": "$CREDENTIALS_DIRECTORY/ca",)"),
                       "/etc/trust-mail/x.json");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->imap.password_file, "/etc/trust-mail/imap-secret");
  EXPECT_EQ(read->imap.ca_file, "$CREDENTIALS_DIRECTORY/ca");
  EXPECT_EQ(read->store.url.text, "sqlite:/etc/db/x.db");
  EXPECT_EQ(read->services, "/etc/trust-mail/s.json");
  EXPECT_EQ(read->notices.webhooks.at(0).secret_file, "/etc/trust-mail/hook");
  EXPECT_EQ(read->notices.webhooks.at(0).url, "https://h.example");
}

struct BadFile {
  std::string name;
  std::string text;
  std::string message;
};
void PrintTo(const BadFile& row, std::ostream* out) { *out << row.name; }

class ConfigFileRefuses : public testing::TestWithParam<BadFile> {};

TEST_P(ConfigFileRefuses, AndNamesFileLineAndKey) {
  const auto read = load_text<Small>(GetParam().text, "x.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().text(), GetParam().message);
  EXPECT_EQ(read.error().fault(), Fault::invalid);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ConfigFileRefuses,
    testing::Values(
        BadFile{"missing_key", "{\n}",
                "x.json:1: address: missing; add it, for example \"address\": "
                "\"security@example.org\""},
        BadFile{"missing_key_of_a_group_names_the_groups_line",
                "{ \"address\": \"a@example.org\",\n\n\"imap\": {} }",
                "x.json:3: imap.url: missing; add it, for example \"url\": "
                "\"imaps://security%40example.org@mail.example.org:993\""},
        BadFile{"misspelt_key", file_with(R"("adress": "x",)"),
                "x.json:3: adress: unknown key; did you mean \"address\"?"},
        BadFile{"misspelt_key_of_a_group", file_with("", R"("pol": "3s",)"),
                "x.json:6: imap.pol: unknown key; did you mean \"poll\"?"},
        BadFile{"key_that_belongs_into_a_group", file_with(R"("append_sent": true,)"),
                "x.json:3: append_sent: unknown key; did you mean \"imap.append_sent\"?"},
        BadFile{"strange_key", file_with(R"("zzzzzzz": 1,)"),
                "x.json:3: zzzzzzz: unknown key; remove it (the command config lists all)"},
        BadFile{"doubled_key", file_with("\"address\": \"b@example.org\","),
                "x.json:3: address: there twice; remove one of them"},
        BadFile{"doubled_key_of_a_group", file_with("", R"("poll": "3s", "poll": "4s",)"),
                "x.json:6: imap.poll: there twice; remove one of them"},
        BadFile{"wrong_type", file_with("", R"("append_sent": "yes",)"),
                "x.json:6: imap.append_sent: wrong type; write true or false, without quotes"},
        BadFile{"group_that_is_no_object", file_with(R"("notices": "08:00",)"),
                "x.json:3: notices: wrong type; write an object {…}"},
        BadFile{
            "duration_without_unit", file_with("", R"("poll": 30,)"),
            "x.json:6: imap.poll: wrong type; write a duration in quotes, like \"30s\" or \"10m\""},
        BadFile{"control_character", file_with("", R"("watch": ["INBOX", "a\u0001b"],)"),
                "x.json:6: imap.watch: entry 2 (line 6): holds a control character; write visible "
                "ones on one line"},
        BadFile{"entry_of_a_list",
                file_with("\"staff\": [{\"address\": \"b@example.org\"},\n{\"name\": \"B\"}],"),
                "x.json:3: staff: entry 2 (line 4): address: missing; add it"},
        BadFile{
            "clear_text_to_another_machine",
            file_with(
                "", "",
                R"(, "divert": null, "ca_file": null }, "http": {"public_url": "http://www.example.org/")"),
            "x.json:9: http.public_url: would send clear text to another machine; write https://"},
        BadFile{"login_without_secret",
                "{\"address\": \"a@example.org\",\n\"imap\": {\"url\": "
                "\"imaps://a@mail.example.org\"},\n"
                "\"smtp\": {\"url\": \"smtp://127.0.0.1:25\"}}",
                "x.json:2: imap.password_file: missing; add it, for example \"password_file\": "
                "\"/etc/trust-mail/password\""},
        BadFile{"secret_without_login", file_with("", "", R"(, "password_file": "x")"),
                "x.json:9: smtp.url: names no user to log in as; write smtps://USER@HOST, an @ in "
                "USER as %40"},
        BadFile{"time_of_day", file_with(R"("notices": {"at": "8:00"},)"),
                "x.json:3: notices.at: not a time of day; write one like \"08:00\", UTC"},
        BadFile{"first_look", file_with("", R"("from": "yesterday",)"),
                "x.json:6: imap.from: write \"now\", \"all\" or a date like \"2026-11-24\""},
        BadFile{"store", file_with(R"("store": {"url": "mysql:x"},)"),
                "x.json:3: store.url: not a store; write \"sqlite:/path/to/file.db\" or "
                "\"postgresql://USER@HOST/NAME\""},
        BadFile{"password_in_a_store_url",
                file_with(R"("store": {"url": "postgresql://u:p@h/n"},)"),
                "x.json:3: store.url: holds a password; write it into a file and name that with "
                "password_file"},
        BadFile{
            "missing_comma", "{\n  \"address\": \"a@example.org\"\n  \"staff\": []\n}",
            "x.json:3: not valid JSON here; look for a missing or extra comma, quote or bracket, "
            "here or just above"},
        BadFile{"cut_off", "{\n  \"address\": \"a@example.org\",\n",
                "x.json:3: the file ends too early; close every { [ and \""},
        BadFile{"no_object", "[]",
                "x.json:1: not a JSON object; the settings stand between { and }"}),
    [](const auto& row) { return row.param.name; });

TEST(ConfigFile, ThatIsMissingSaysHowToGetOne) {
  const auto read = load_file<Small>("/nowhere/x.json");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().fault(), Fault::not_found);
  EXPECT_EQ(read.error().text(),
            "/nowhere/x.json: no such file; the command config --sample prints one to start from, "
            "--config names another place");
}

class Secrets : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "secrets." + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream{folder_ + "/good"} << "pass word\n";
    std::ofstream{folder_ + "/empty"} << "\n";
  }
  void TearDown() override {
    ::unsetenv("CREDENTIALS_DIRECTORY");
    std::filesystem::remove_all(folder_);
  }
  std::string folder_;
};

TEST_F(Secrets, AreReadWithoutTheirLineEnd) {
  EXPECT_EQ(read_secret_of("imap.password_file", folder_ + "/good").value_or(""), "pass word");
}

TEST_F(Secrets, OfSystemdAreFoundInItsFolder) {
  ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  EXPECT_EQ(read_secret_of("k", "$CREDENTIALS_DIRECTORY/good").value_or(""), "pass word");
}

TEST_F(Secrets, ThatCannotBeReadAreASentence) {
  EXPECT_EQ(read_secret_of("imap.password_file", folder_ + "/none").error().text(),
            "imap.password_file: " + folder_ +
                "/none: no such file; write the secret into it, readable by this service only");
  EXPECT_EQ(read_secret_of("k", folder_ + "/empty").error().text(),
            "k: " + folder_ + "/empty: empty; it must hold the secret");
  EXPECT_EQ(read_secret_of("k", "$CREDENTIALS_DIRECTORY/x").error().text(),
            "k: $CREDENTIALS_DIRECTORY/x is only there for a service started by systemd with "
            "LoadCredential=; start it so, or write the path of a file");
}

TEST(Sample, IsAConfigurationAsItStands) {
  const std::string sample = sample_file(rows_of<Small>(), "sample");
  const auto read = load_text<Small>(sample, "/etc/x.json");
  ASSERT_TRUE(read) << read.error().text() << '\n' << sample;
  EXPECT_EQ(read->address, "security@example.org");
  EXPECT_EQ(read->services, "/etc/services.json");
  for (const Row& row : rows_of<Small>())
    EXPECT_NE(sample.find(std::string{row.default_json}), std::string::npos) << row.key;
}

TEST(Sample, StaysValidWhicheverLinesAreUncommented) {
  const std::string sample = sample_file(rows_of<Small>(), "sample");
  // Every line that is a setting in a comment, on its own.
  std::vector<std::size_t> places;
  for (std::size_t at = sample.find("// \""); at != std::string::npos;
       at = sample.find("// \"", at + 1))
    places.push_back(at);
  ASSERT_GT(places.size(), 10U);
  for (const std::size_t at : places) {
    std::string text = sample;
    const bool opens_group = sample.substr(at, sample.find('\n', at) - at).ends_with("{");
    if (opens_group) {  // the whole block, as an editor does it
      const std::string end = sample.substr(0, 0) + "// }";
      std::size_t line = at;
      for (;;) {
        text.replace(line, 3, "   ");
        if (text.compare(line, 4, "   }") == 0) break;
        line = text.find("// ", text.find('\n', line));
      }
    } else if (sample.rfind("  //   ", at) != std::string::npos &&
               sample.substr(sample.rfind('\n', at) + 1, 4) == "  //") {
      if (sample.substr(sample.rfind('\n', at) + 1, 7) == "  //   ")
        continue;  // inside such a block
      text.replace(at, 3, "   ");
    } else {
      text.replace(at, 3, "   ");
    }
    const auto read = load_text<Small>(text, "/etc/x.json");
    EXPECT_TRUE(read) << read.error().text() << '\n' << text;
  }
}

TEST(Reference, NamesEveryKeyWithItsDefault) {
  const std::string text = reference(rows_of<Small>());
  for (const Row& row : rows_of<Small>())
    EXPECT_NE(text.find(std::string{row.key} + "  ("), std::string::npos) << row.key;
  EXPECT_NE(text.find("imap.poll  (default \"30s\")\n    How often to look;"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace trust::config
