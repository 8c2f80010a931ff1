#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "intake/cli/commands.h"
#include "intake/mailbox/ledger.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/mail/parse.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_mailbox.h"
#include "tests/fakes/intake_store.h"

namespace trust::intake {

namespace fs = std::filesystem;

struct NowhereConnector final : net::Connector {
  Result<std::unique_ptr<net::Stream>> connect(const net::Endpoint&) override {
    return Error{Fault::unavailable,
                 "imaps://mail.example.org:993: nobody answers; is the server up?"};
  }
};

struct Ran {
  cli::Exit exit = cli::Exit::done;
  std::string out, err;
};

/// Runs commands against a folder of its own, with a configuration in it.
class CommandTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path{testing::TempDir()} / ("commands." + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    write("secret", "x\n");
    write("intake.json",
          R"({"address": "security@example.org", "staff": [{"address": "ada@example.org"}],
      "imap": {"url": "imaps://u@mail.example.org", "password_file": "secret"},
      "smtp": {"url": "smtps://u@mail.example.org", "password_file": "secret"},
      "state_dir": "db", "store": {"url": ")" +
              store_url_ + R"("}, "templates": ")" + fs::absolute("templates").string() + "\"}");
    ::unsetenv("TRUST_STAFF");
    set_log_output(LogTo::nowhere);
  }
  void TearDown() override {
    set_log_output(LogTo::nowhere);
    fs::remove_all(folder_);
  }

  void write(const std::string& name, const std::string& content) {
    std::ofstream{folder_ / name, std::ios::binary} << content;
  }
  std::string read(const std::string& name) { return read_file(folder_ / name).value_or("none"); }

  Ran run(std::vector<std::string> line, const std::string& input = "") {
    std::istringstream in{input};
    std::ostringstream out, err;
    Ran ran;
    ran.exit = cli::run_program<App>(kProgram, commands(), app_, line, {in, out, err});
    ran.out = out.str();
    ran.err = err.str();
    return ran;
  }
  Ran run_here(std::vector<std::string> line, const std::string& input = "") {
    line.push_back("--config=" + config());
    return run(std::move(line), input);
  }

  std::string config() const { return (folder_ / "intake.json").string(); }

  test::FakeClock clock_{*parse_rfc3339("2026-11-25T12:00:00Z")};  // a Wednesday
  NowhereConnector connector_;
  fs::path folder_;
  std::string store_url_ = "sqlite:db/intake.db";
  ParseMail parse_ = [](std::string_view raw) -> Result<mail::ParsedMail> {
    return mail::parse(raw);
  };
  App app_{clock_, connector_, [this] { return parse_; }};
};

/// The same on either store, with a mailbox at hand and the way from there to the outbox.
class MailCommandTest : public CommandTest, public testing::WithParamInterface<std::string> {
 protected:
  MailCommandTest() { store_url_ = store_.url(); }
  void SetUp() override {
    CommandTest::SetUp();
    ASSERT_EQ(run_here({"migrate"}).exit, cli::Exit::done);
    office_ = *Office::open(app_, config());
  }

  /// One look at the INBOX, as `run` takes it.
  Result<Synced> look() {
    SyncSettings settings;
    settings.account = office_->config.imap.url.account();
    return sync_folder(mailbox_, "INBOX", office_->connection, office_->keyring, settings, clock_,
                       [](const std::string&) {});
  }
  /// All that is stored becomes cases, acknowledgments and notices.
  void file() {
    const FlowTools tools{office_->connection, office_->keyring, office_->calendar,
                          office_->services,   office_->letters, clock_};
    const FlowSettings settings{.identity = office_->identity(), .staff = {"ada@example.org"}};
    const auto arrived = mails_arrived(tools, settings, parse_, stop_);
    ASSERT_TRUE(arrived) << arrived.error().text();
    ASSERT_EQ(arrived->stuck, 0);
  }
  std::int64_t count(std::string_view table_and_where) {
    return test::number(office_->connection,
                        "SELECT COUNT(*) FROM " + std::string{table_and_where});
  }
  /// "received_at how" of each mail, in that order.
  std::vector<std::string> arrivals() {
    const store::Sql all{"arrivals",
                         "SELECT received_at, received_by FROM mail ORDER BY received_at", "it"};
    std::vector<std::string> lines;
    const auto rows = *office_->connection.query(all);
    lines.reserve(rows.size());
    for (const store::Row& row : rows)
      lines.push_back(to_rfc3339(row[0].time()) + " " + row[1].text());
    return lines;
  }
  static std::string report(int number, const std::string& received = "",
                            const std::string& from = "ann@example.com") {
    const std::string n = std::to_string(number);
    return (received.empty() ? "" : "Received: from a by b; " + received + "\r\n") + "From: Ann <" +
           from + ">\r\nTo: security@example.org\r\nSubject: Haven DNS is slow, " + n +
           "\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <" + n +
           "@mail.example.com>\r\n\r\nHaven DNS answers after seconds since 2026-11-24 08:00 "
           "UTC.\r\n";
  }

  test::TestStore store_{GetParam()};
  std::unique_ptr<Office> office_;
  test::FakeMailbox mailbox_;
  StopSignal stop_;
};

}  // namespace trust::intake
