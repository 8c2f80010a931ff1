#include "notifier/cli/commands.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "lib/base/log.h"
#include "tests/notifier/notifier_folder.h"
#include "tests/notifier/notifier_store.h"

namespace trust::notifier {
namespace {

using Json = nlohmann::json;

class NoConnector final : public net::Connector {
 public:
  Result<std::unique_ptr<net::Stream>> connect(const net::Endpoint&) override {
    return Error{Fault::unavailable, "no relay here"};
  }
};

struct Outcome {
  cli::Exit exit;
  std::string out, err;
};

/// The commands as a person types them, over a store in a folder of its own.
class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    set_log_output(LogTo::nowhere);
    folder_.put("config.json", R"({"from": "Trust <trust@example.org>",
        "staff": [{"address": "ana@example.org"}], "state_dir": "state",
        "smtp": {"url": "smtp://localhost:25"}, "store": {"url": "sqlite:state/n.db"},
        "site": {"base_url": "https://docs.example.org/trust/incidents/"},
        "templates": ")" + std::filesystem::absolute("templates").string() +
                                   "\"}");
    EXPECT_EQ(run({"migrate"}).exit, cli::Exit::done);
  }

  Outcome run(std::vector<std::string> line) {
    line.insert(line.end(), {"--config", folder_.path() + "/config.json"});
    std::istringstream in;
    std::ostringstream out, err;
    App app{clock_, connector_, [this](const Config&, const net::Interrupt*) -> Fetch {
              return [this](const std::string&) -> Result<net::HttpAnswer> { return live_; };
            }};
    const cli::Exit exit = cli::run_program<App>(kProgram, commands(), app, line, {in, out, err});
    return {exit, out.str(), err.str()};
  }
  Outcome as_ana(std::vector<std::string> line) {
    line.insert(line.end(), {"--by", "ana@example.org"});
    return run(std::move(line));
  }

  NotifierFolder folder_;
  SetClock clock_;
  NoConnector connector_;
  Result<net::HttpAnswer> live_ = net::HttpAnswer{
      200, "text/html",
      "<h1>DNS</h1><main><h2>Summary</h2>It broke.<h2>Root cause</h2>A cable.</main>"};
  const std::string url_ = "https://docs.example.org/trust/incidents/2026-11-20-dns/";
};

TEST_F(CommandsTest, OnlyStaffAct) {
  EXPECT_EQ(run({"announce", url_}).exit, cli::Exit::usage);
  EXPECT_EQ(run({"announce", url_, "--by", "eve@example.org"}).exit, cli::Exit::usage);
  EXPECT_EQ(run({"subscriber", "add", "ann@example.org"}).exit, cli::Exit::usage);
  EXPECT_EQ(run({"announce", url_, "--dry-run"}).exit, cli::Exit::done);
}

TEST_F(CommandsTest, APostMortemIsAnnouncedWithTheLivePageAlone) {
  EXPECT_EQ(as_ana({"subscriber", "add", "ann@example.org"}).exit, cli::Exit::done);
  EXPECT_EQ(as_ana({"subscriber", "add", "bob@example.org"}).exit, cli::Exit::done);
  EXPECT_EQ(as_ana({"subscriber", "confirm", "ann@example.org"}).err, "confirmed\n");
  const Outcome dry = run({"announce", url_, "--dry-run", "--json"});
  EXPECT_EQ(Json::parse(dry.out)["recipients"], 1);
  EXPECT_EQ(Json::parse(dry.out)["subject"], "Post-mortem: DNS");
  EXPECT_TRUE(Json::parse(run({"announcement", "list", "--json"}).out)["announcements"].empty());

  const Outcome made = as_ana({"announce", "2026-11-20-dns", "--json"});
  ASSERT_EQ(made.exit, cli::Exit::done) << made.err;
  const Json announcement = Json::parse(made.out);
  EXPECT_EQ(announcement["recipients"], 1);
  EXPECT_EQ(announcement["hold_until"], "2026-11-24T10:10:00Z");
  EXPECT_EQ(as_ana({"announce", url_}).exit, cli::Exit::conflict);
  const Json report =
      Json::parse(run({"announcement", "report", announcement["id"], "--json"}).out);
  EXPECT_EQ(report["eligible"], 1);
  EXPECT_EQ(report["queued"], 1);
  EXPECT_EQ(report["finished"], false);
  EXPECT_EQ(as_ana({"announcement", "cancel", announcement["id"]}).exit, cli::Exit::done);
  EXPECT_EQ(
      Json::parse(run({"announcement", "report", announcement["id"], "--json"}).out)["cancelled"],
      1);
  EXPECT_EQ(as_ana({"announcement", "cancel", announcement["id"]}).exit, cli::Exit::conflict);
  EXPECT_EQ(as_ana({"announcement", "cancel", "none"}).exit, cli::Exit::not_found);
  EXPECT_EQ(run({"announcement", "report", "none"}).exit, cli::Exit::not_found);
}

TEST_F(CommandsTest, WhatIsNoPostMortemIsRefusedWithItsOwnCode) {
  EXPECT_EQ(as_ana({"announce", "https://evil.example/2026-11-20-dns/"}).exit, cli::Exit::usage);
  live_ = net::HttpAnswer{200, "", "<main><h2>Summary</h2></main>"};
  EXPECT_EQ(as_ana({"announce", url_}).exit, cli::Exit::conflict);
  live_ = net::HttpAnswer{404, "", ""};
  EXPECT_EQ(as_ana({"announce", url_}).exit, cli::Exit::not_found);
  live_ = net::HttpAnswer{503, "", ""};
  EXPECT_EQ(as_ana({"announce", url_}).exit, cli::Exit::unavailable);
  EXPECT_TRUE(Json::parse(run({"announcement", "list", "--json"}).out)["announcements"].empty());
}

TEST_F(CommandsTest, ATestMailTellsNobodyElse) {
  EXPECT_EQ(as_ana({"announce", url_, "--test", "me@example.org"}).exit, cli::Exit::done);
  EXPECT_EQ(as_ana({"announce", url_, "--test", "me@example.org\r\nRCPT TO:<x@example.org>"}).exit,
            cli::Exit::usage);
  const Json status = Json::parse(run({"status", "--json"}).out);
  EXPECT_EQ(status["outbox"]["queued"], 1);
  EXPECT_TRUE(status["announcements"].empty());
}

TEST_F(CommandsTest, AListComesBackAsItWasExported) {
  folder_.put(
      "list.csv",
      "address,services,confirmed_at,consent\r\n"
      "ann@example.org,Haven DNS;Sigil auth,2026-01-02T03:04:05Z,\"I agree, \"\"fully\"\"\"\r\n"
      "'+bob@example.org,,2026-01-03T03:04:05Z,'=1+1\r\n");
  const std::string file = folder_.path() + "/list.csv";
  EXPECT_EQ(as_ana({"subscriber", "import", file, "--confirmed"}).exit, cli::Exit::usage);
  const Outcome imported =
      as_ana({"subscriber", "import", file, "--confirmed", "--consent", "by form", "--json"});
  ASSERT_EQ(imported.exit, cli::Exit::done) << imported.err;
  EXPECT_EQ(Json::parse(imported.out)["added"], 2);
  const std::string exported = as_ana({"subscriber", "export"}).out;
  EXPECT_NE(exported.find("'+bob@example.org,,2026-01-03T03:04:05Z,'=1+1\r\n"), std::string::npos)
      << exported;
  EXPECT_NE(as_ana({"subscriber", "export", "--plain"})
                .out.find("\n+bob@example.org,,2026-01-03T03:04:05Z,=1+1\r\n"),
            std::string::npos);
  folder_.put("list.csv", exported);
  EXPECT_EQ(
      Json::parse(as_ana({"subscriber", "import", file, "--confirmed", "--consent", "x", "--json"})
                      .out)["unchanged"],
      2);
  EXPECT_EQ(as_ana({"subscriber", "export"}).out, exported);
  EXPECT_EQ(
      Json::parse(run({"subscriber", "list", "--state", "confirmed", "--json"}).out)["subscribers"]
          .size(),
      2U);
}

TEST_F(CommandsTest, ABadLineKeepsTheWholeFileOut) {
  folder_.put("list.csv", "address\r\nann@example.org\r\nnobody\r\n");
  const Outcome refused = as_ana({"subscriber", "import", folder_.path() + "/list.csv"});
  EXPECT_EQ(refused.exit, cli::Exit::failed);
  EXPECT_NE(refused.err.find("list.csv:3: "), std::string::npos) << refused.err;
  EXPECT_EQ(refused.err.find("nobody"), std::string::npos);
  EXPECT_TRUE(Json::parse(run({"subscriber", "list", "--json"}).out)["subscribers"].empty());
  EXPECT_EQ(as_ana({"subscriber", "import", folder_.path() + "/none.csv"}).exit,
            cli::Exit::not_found);
}

TEST_F(CommandsTest, ReadersComeAndGo) {
  EXPECT_EQ(as_ana({"subscriber", "confirm", "ann@example.org"}).exit, cli::Exit::not_found);
  EXPECT_EQ(as_ana({"subscriber", "add", "Ann@Example.org", "--services", "Haven DNS"}).err,
            "asked\n");
  EXPECT_EQ(as_ana({"subscriber", "confirm", "ann@example.org"}).err, "confirmed\n");
  EXPECT_EQ(as_ana({"subscriber", "remove", "ann@example.org"}).err, "left\n");
  EXPECT_EQ(as_ana({"subscriber", "confirm", "ann@example.org"}).exit, cli::Exit::conflict);
  for (const char* bad : {"nobody", "a@b@example.org", "<ann@example.org>", "\"a b\"@example.org"})
    EXPECT_EQ(as_ana({"subscriber", "add", bad}).exit, cli::Exit::usage) << bad;
}

TEST_F(CommandsTest, TheFeedIsWrittenAndStays) {
  ASSERT_EQ(as_ana({"announce", url_}).exit, cli::Exit::done);
  const std::string public_folder = folder_.path() + "/public";
  ASSERT_EQ(run({"feed", "write", public_folder}).exit, cli::Exit::done);
  const std::string feed = *read_file(public_folder + "/feed.xml");
  EXPECT_NE(feed.find("<guid isPermaLink=\"true\">" + url_ + "</guid>"), std::string::npos);
  clock_.time += std::chrono::hours{24};
  ASSERT_EQ(run({"feed", "write", public_folder}).exit, cli::Exit::done);
  EXPECT_EQ(*read_file(public_folder + "/feed.xml"), feed);
  EXPECT_EQ(Json::parse(*read_file(public_folder + "/incidents.json"))["incidents"][0]["url"],
            url_);
}

TEST_F(CommandsTest, ASecondRunIsRefused) {
  const auto lock = FileLock::take(folder_.path() + "/state/lock");
  ASSERT_TRUE(lock);
  EXPECT_EQ(run({"run", "--until-idle"}).exit, cli::Exit::conflict);
}

TEST_F(CommandsTest, AStoreWithAnotherKeyringIsRefused) {
  std::filesystem::remove(folder_.path() + "/state/keyring");
  EXPECT_EQ(run({"status"}).exit, cli::Exit::failed);
  EXPECT_EQ(run({"migrate"}).exit, cli::Exit::failed);
}

TEST_F(CommandsTest, WrongSettingsAreOneSentence) {
  folder_.put("config.json", "{\"from\": \"a@example.org\",\n \"colour\": 1}");
  const Outcome refused = run({"status"});
  EXPECT_EQ(refused.exit, cli::Exit::failed);
  EXPECT_NE(refused.err.find("config.json:2: "), std::string::npos) << refused.err;
  EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1);
}

TEST_F(CommandsTest, TheTablesAreComplete) {
  for (const char* name : {"announcement", "announcement-notice"})
    EXPECT_NE(run({"templates"}).out.find(name), std::string::npos);
  EXPECT_NE(run({"logs"}).out.find("announced"), std::string::npos);
  EXPECT_NE(run({"config"}).out.find("site.base_url"), std::string::npos);
  EXPECT_EQ(run({"check-config"}).exit, cli::Exit::done);
}

}  // namespace
}  // namespace trust::notifier
