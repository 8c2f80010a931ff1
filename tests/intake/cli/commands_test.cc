#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/text.h"
#include "tests/intake/cli/command_world.h"

namespace trust::intake {
namespace {

TEST_F(CommandTest, HelpAndTableAgree) {
  std::set<std::string_view> names;
  for (const auto& command : commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    const Ran ran = run({std::string{command.name}, "--help"});
    EXPECT_EQ(ran.exit, cli::Exit::done);
    EXPECT_TRUE(ran.out.starts_with("usage: trust-intake " + std::string{command.name})) << ran.out;
  }
  for (const char* owed :
       {"run",    "status",  "list",        "show",     "attachment", "answer",
        "reply",  "report",  "acknowledge", "note",     "close",      "adopt",
        "import", "due",     "audit",       "parse",    "config",     "check-config",
        "doctor", "migrate", "logs",        "templates"})
    EXPECT_TRUE(names.contains(owed)) << owed;
}

struct Wrong {
  std::string name;
  std::vector<std::string> line;
  std::string message;
};
void PrintTo(const Wrong& row, std::ostream* out) { *out << row.name; }
class WrongArguments : public CommandTest, public testing::WithParamInterface<Wrong> {};

TEST_P(WrongArguments, AreRefusedWithTwo) {
  const Ran ran = run_here(GetParam().line);
  EXPECT_EQ(ran.exit, cli::Exit::usage);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err.substr(0, ran.err.find('\n')), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, WrongArguments,
    testing::Values(Wrong{"list_state",
                          {"list", "--state", "ope"},
                          "--state: write open, answered, closed, look or all"},
                    Wrong{"answer_outcome",
                          {"answer", "TM-1", "done"},
                          "OUTCOME: write tracking, post-mortem URL, explained or bounty (the "
                          "command reply sends text without "
                          "an outcome)"},
                    Wrong{"answer_reply",
                          {"answer", "TM-1", "reply"},
                          "OUTCOME: write tracking, post-mortem URL, explained or bounty (the "
                          "command reply sends text without "
                          "an outcome)"},
                    Wrong{"post_mortem_without_url",
                          {"answer", "TM-1", "post-mortem"},
                          "post-mortem needs the URL of the post-mortem behind it"},
                    Wrong{"url_without_post_mortem",
                          {"answer", "TM-1", "tracking", "https://x.example"},
                          "a URL belongs to the outcome post-mortem only"},
                    Wrong{"incident_without_tracking",
                          {"answer", "TM-1", "explained", "--incident", "x"},
                          "--incident belongs to the outcome tracking only"},
                    Wrong{"answer_version",
                          {"answer", "TM-1", "explained", "--if-version", "x"},
                          "--if-version: write the number that `show` tells"},
                    Wrong{"attachment_number",
                          {"attachment", "TM-1", "0"},
                          "N: write a number from 1, as `show` numbers the attachments"},
                    Wrong{"due_span",
                          {"due", "--within", "1 day"},
                          "--within: not a duration: write a number and s, m, h or d, like 30s"},
                    Wrong{"nothing_to_parse", {"parse"}, "FILE… is missing"}),
    [](const auto& row) { return row.param.name; });

TEST_F(CommandTest, WithoutConfigurationSayHowToGetOne) {
  const Ran ran = run({"list", "--config", (folder_ / "none.json").string()});
  EXPECT_EQ(ran.exit, cli::Exit::failed);
  EXPECT_EQ(
      ran.err,
      (folder_ / "none.json").string() +
          ": no such file; the command config --sample prints one to start from, --config names "
          "another place\n");
}

TEST_F(CommandTest, WithoutStoreNameMigrate) {
  for (const std::string command : {"run", "list", "status", "audit", "due"}) {
    const Ran ran = run_here({command});
    EXPECT_EQ(ran.exit, cli::Exit::failed) << command;
    EXPECT_EQ(ran.err, "store.url: " + (folder_ / "db/intake.db").string() +
                           ": no such file; run `trust-intake migrate` to make it\n");
  }
  EXPECT_FALSE(fs::exists(folder_ / "db"));
}

TEST_F(CommandTest, MigrateMakesStoreAndKeyringOnce) {
  EXPECT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
  const std::string keyring = read("db/keyring");
  EXPECT_TRUE(keyring.starts_with("1 "));
  EXPECT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
  EXPECT_EQ(read("db/keyring"), keyring);
  const Ran list = run_here({"list"});
  EXPECT_EQ(list.exit, cli::Exit::done) << list.err;
  EXPECT_EQ(list.out, "CASE  DUE  KIND  REPORTER  SUBJECT\n");
  EXPECT_EQ(run_here({"list", "--json"}).out, "");
  EXPECT_EQ(run_here({"show", "TM-ABCDEF"}).exit, cli::Exit::not_found);
  const auto status = nlohmann::json::parse(run_here({"status", "--json"}).out);
  EXPECT_EQ(status["open"], 0);
  EXPECT_TRUE(status["last_look"].is_null());
  EXPECT_EQ(status["healthy"], false);
  EXPECT_NE(run_here({"status"}).out.find("NOT LOOKED AT: never"), std::string::npos);
}

TEST_F(CommandTest, ForeignOrLostKeyringIsRefused) {
  ASSERT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
  fs::rename(folder_ / "db/keyring", folder_ / "db/keyring.away");
  EXPECT_EQ(run_here({"list"}).exit, cli::Exit::failed);
  const Ran lost = run_here({"migrate"});
  EXPECT_EQ(lost.exit, cli::Exit::failed);
  EXPECT_NE(lost.err.find("keyring is gone, and this store was made with it; restore it"),
            std::string::npos)
      << lost.err;
  EXPECT_FALSE(fs::exists(folder_ / "db/keyring"));

  ASSERT_TRUE(Keyring::load_or_create((folder_ / "db").string()));
  for (const std::string command : {"list", "run", "migrate"}) {
    const Ran ran = run_here({command});
    EXPECT_EQ(ran.exit, cli::Exit::failed);
    EXPECT_NE(ran.err.find("is not the one this store was made with"), std::string::npos)
        << ran.err;
  }
}

TEST_F(CommandTest, SecondRunIsRefused) {
  ASSERT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
  const auto lock = FileLock::take((folder_ / "db/lock").string());
  ASSERT_TRUE(lock);
  const Ran ran = run_here({"run", "--until-idle"});
  EXPECT_EQ(ran.exit, cli::Exit::conflict);
  EXPECT_EQ(ran.err, "another trust-intake run is at work here and holds " +
                         (folder_ / "db/lock").string() + "; end it first\n");
}

TEST_F(CommandTest, RunWithoutSecretNamesTheFile) {
  ASSERT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
  fs::remove(folder_ / "secret");
  for (const std::string command : {"run", "check-config"}) {
    const Ran ran = run_here({command});
    EXPECT_EQ(ran.exit, cli::Exit::failed);
    EXPECT_NE(
        ran.err.find("imap.password_file: " + (folder_ / "secret").string() +
                     ": no such file; write the secret into it, readable by this service only\n"),
        std::string::npos)
        << ran.err;
  }
}

TEST_F(CommandTest, UnreachableServerIsTwelveAndASentence) {
  ASSERT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"run", "--until-idle"}, {"audit"}}) {
    const Ran ran = run_here(line);
    EXPECT_EQ(ran.exit, cli::Exit::unavailable);
    EXPECT_NE(ran.err.find("imaps://mail.example.org:993: nobody answers; is the server up?\n"),
              std::string::npos);
  }
}

TEST_F(CommandTest, ActingNeedsAPersonOnTheStaffList) {
  ASSERT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"answer", "TM-ABCDEF", "tracking"},
        {"reply", "TM-ABCDEF"},
        {"report", "TM-ABCDEF"},
        {"acknowledge", "TM-ABCDEF"},
        {"note", "TM-ABCDEF"},
        {"close", "TM-ABCDEF", "--as=spam"}}) {
    EXPECT_EQ(run_here(line, "text").exit, cli::Exit::usage) << line[0];
    auto as = line;
    as.push_back("--by=eve@example.org");
    EXPECT_EQ(run_here(as, "text").exit, cli::Exit::usage) << line[0];
    as.back() = "--by=ada@example.org";
    EXPECT_EQ(run_here(as, "text").exit, cli::Exit::not_found) << line[0];
  }
}

TEST_F(CommandTest, ConfigSampleIsTheFileInTheTree) {
  EXPECT_EQ(run({"config", "--sample"}).out, read_file("config/intake.json").value_or(""));
  EXPECT_NE(run({"config"}).out.find("imap.poll  (default \"30s\")"), std::string::npos);
}

TEST_F(CommandTest, CheckConfigNamesFileLineAndKey) {
  EXPECT_EQ(run_here({"check-config"}).exit, cli::Exit::done);
  write("intake.json", "{\n  \"adress\": \"x\"\n}");
  const Ran ran = run_here({"check-config"});
  EXPECT_EQ(ran.exit, cli::Exit::failed);
  EXPECT_EQ(ran.err, (folder_ / "intake.json").string() +
                         ":2: adress: unknown key; did you mean \"address\"?\n");
}

constexpr std::string_view kMail =
    "From: =?utf-8?q?Ann_M=C3=BCller?= <Ann@Example.net>\r\n"
    "To: Security <security@example.org>, b@example.org\r\n"
    "Subject: [Ext] SECURITY URGENT: token\r\n  leak\r\n"
    "Date: Tue, 24 Nov 2026 11:00:00 +0100\r\n"
    "Message-ID: <a1@example.net>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
    "quoted-printable\r\n\r\n"
    "Seen at 2026-11-24 09:30 UTC: caf=E9.\r\n"
    "--b\r\nContent-Type: application/octet-stream; name=\"a.bin\"\r\nContent-Transfer-Encoding: "
    "base64\r\n\r\n"
    "AAECAw==\r\n--b--\r\n";

constexpr std::string_view kGolden =
    R"({"file":"FILE","subject":"[Ext] SECURITY URGENT: token leak","from":"ann@example.net","from_name":"Ann Müller",)"
    R"("to":["security@example.org","b@example.org"],"date_utc":"2026-11-24T10:00:00Z","message_id":"a1@example.net",)"
    R"("text":"Seen at 2026-11-24 09:30 UTC: café.","has_html":false,)"
    R"("attachments":[{"name":"a.bin","bytes":4,"type":"application/octet-stream"}],"is_bounce":false,"bounces":[],)"
    R"("is_auto_reply":false,"must_not_ack":false,"arf":null,"visible_reply":"Seen at 2026-11-24 09:30 UTC: café.\n",)"
    R"("kind":"vulnerability","urgent":true,"encrypted":false,"services":[],"times_utc":["2026-11-24T09:30:00Z"],)"
    R"("lossy_charset":false,"unparsed":false})"
    "\n";

TEST_F(CommandTest, ParsePrintsTheObjectOfTheManual) {
  write("services.json", R"({"services": []})");
  write("a.eml", std::string{kMail});
  const std::string services = "--services=" + (folder_ / "services.json").string();
  const std::string file = (folder_ / "a.eml").string();
  const Ran ran = run({"parse", "--json", services, file});
  EXPECT_EQ(ran.exit, cli::Exit::done) << ran.err;
  EXPECT_EQ(ran.out, replace_all(std::string{kGolden}, "FILE", file));
  const Ran piped = run({"parse", "--json", services, "-"}, std::string{kMail});
  EXPECT_EQ(piped.out, replace_all(std::string{kGolden}, "FILE", "-"));
  EXPECT_NE(run({"parse", services, file}).out.find("  | Seen at 2026-11-24 09:30 UTC: café.\n"),
            std::string::npos);
}

TEST_F(CommandTest, ParseWritesThousandsOfFilesInOneGo) {
  std::vector<std::string> line{"parse", "--out", (folder_ / "out/deep").string()};
  fs::create_directories(folder_ / "in");
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "in/" + std::to_string(i) + ".eml";
    write(name, "From: a@example.net\r\nSubject: n" + std::to_string(i) + "\r\n\r\nx\r\n");
    line.push_back((folder_ / name).string());
  }
  const Ran ran = run(line);
  EXPECT_EQ(ran.exit, cli::Exit::done) << ran.err;
  EXPECT_EQ(ran.out, "");
  for (int i = 0; i < 3000; ++i) {
    const auto mail = nlohmann::json::parse(read("out/deep/" + std::to_string(i) + ".eml.json"));
    ASSERT_EQ(mail["subject"], "n" + std::to_string(i));
    ASSERT_EQ(mail["file"], line[static_cast<std::size_t>(i) + 3]);
  }
}

TEST_F(CommandTest, ParseGoesOnAfterAFileItCannotRead) {
  write("a.eml", std::string{kMail});
  const Ran ran =
      run({"parse", "--json", (folder_ / "none.eml").string(), (folder_ / "a.eml").string()});
  EXPECT_EQ(ran.exit, cli::Exit::not_found);
  EXPECT_EQ(ran.err, (folder_ / "none.eml").string() + ": no such file\n");
  EXPECT_NE(ran.out.find("\"vulnerability\""), std::string::npos);
}

TEST_F(CommandTest, ParseNeverWritesTwoFilesIntoOne) {
  fs::create_directories(folder_ / "b");
  write("a.eml", "x");
  write("b/a.eml", "x");
  const Ran ran = run({"parse", "--out", (folder_ / "out").string(), (folder_ / "a.eml").string(),
                       (folder_ / "b/a.eml").string()});
  EXPECT_EQ(ran.exit, cli::Exit::conflict);
  EXPECT_FALSE(fs::exists(folder_ / "out/a.eml.json"));
}

TEST_F(CommandTest, ParseOfAnythingGivesAnObject) {
  for (const std::string& raw : {std::string{}, std::string(1000, '\0'),
                                 std::string{"no header at all"}, std::string{"To: a:\r\n\r\n"}}) {
    const Ran ran = run({"parse", "--json", "-"}, raw);
    EXPECT_EQ(ran.exit, cli::Exit::done);
    EXPECT_TRUE(nlohmann::json::accept(ran.out)) << ran.out;
  }
}

TEST_F(CommandTest, LogsAndTemplatesNeedNoConfiguration) {
  EXPECT_NE(run({"logs"}).out.find("case_opened"), std::string::npos);
  EXPECT_NE(run({"templates"}).out.find("mail/en/"), std::string::npos);
}

}  // namespace
}  // namespace trust::intake
