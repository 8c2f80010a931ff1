#include "intake/cli/mailbox_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "intake/schema/migrations.h"
#include "lib/base/log.h"
#include "lib/store/meta_store.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/intake_store.h"
#include "tests/fakes/well_imap.h"
#include "tests/lib/base/temporary_folder.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;
using test::WellImap;

/// The loop over a store of its own and a server in memory. What is waited for comes in a second or
/// two; the deadlines are for a busy machine.
class MailboxLoopTest : public testing::Test {
 protected:
  static constexpr auto kDeadline = 30s;

  MailboxLoopTest() { set_log_output(LogTo::nowhere); }
  ~MailboxLoopTest() override {
    stop_.request();
    if (loop_) loop_->wake();
    server_.end();
  }

  void open(const std::string& watch, const std::string& poll,
            const MailboxLoop::Pauses& pauses = MailboxLoop::kLoginPauses) {
    write("secret", "x\n");
    write("intake.json",
          R"({"address": "security@example.org", "staff": [{"address": "ada@example.org"}],
      "imap": {"url": "imaps://u@mail.example.org", "password_file": "secret", "from": "all",
               "poll": ")" +
              poll + R"(", "watch": )" + watch + R"(},
      "smtp": {"url": "smtps://u@mail.example.org", "password_file": "secret"},
      "store": {"url": "sqlite:db/intake.db"}, "templates": ")" +
              std::filesystem::absolute("templates").string() + "\"}");
    const std::string file = folder_.path() + "/intake.json";
    const auto config = config::load_file<Config>(file);
    ASSERT_TRUE(config) << config.error().text();
    ASSERT_TRUE(store_of(*config).migrate());
    auto office = Office::open(app_, file);
    ASSERT_TRUE(office) << office.error().text();
    office_ = *std::move(office);
    loop_.emplace(
        *office_, stop_, [] {}, err_, pauses);
  }
  void write(const std::string& name, const std::string& content) {
    std::ofstream{folder_.path() + "/" + name, std::ios::binary} << content;
  }
  void start_running() {
    threads_.emplace_back([this] { loop_->run(); });
  }
  void start_watching() {
    threads_.emplace_back([this] { loop_->watch(); });
  }
  /// Ends the threads; what they wrote can be read then.
  void end() {
    stop_.request();
    loop_->wake();
    server_.end();
    threads_.clear();
  }

  template <class Condition>
  static bool comes(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }
  std::int64_t mails() { return test::number(office_->connection, "SELECT COUNT(*) FROM mail"); }
  void put(const std::string& folder, std::uint32_t uid, bool news = false) {
    server_.change(
        [&](WellImap& well) {
          well.folders[folder].mails[uid].raw = folder + std::to_string(uid) + "\r\n";
        },
        news);
  }
  std::optional<UtcTime> last_look() {
    return *store::MetaStore{office_->connection}.time(store::Fact::last_look);
  }
  static int times(const std::string& what, const std::string& in) {
    int n = 0;
    for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++n;
    return n;
  }

  TemporaryFolder folder_;
  test::LiveImap server_;
  test::FakeClock clock_{*parse_rfc3339("2026-11-24T12:00:00Z")};
  App app_{clock_, server_, {}};
  StopSignal stop_;
  std::ostringstream err_;
  std::unique_ptr<Office> office_;
  std::optional<MailboxLoop> loop_;
  std::vector<std::jthread> threads_;
};

constexpr const char* kInbox = R"(["INBOX"])";
constexpr const char* kAll = R"(["INBOX", "\\Junk"])";

TEST_F(MailboxLoopTest, IdleWakesALookLongBeforeThePoll) {
  open(kInbox, "1h");
  start_running();
  start_watching();
  ASSERT_TRUE(comes([&] { return server_.idling() == 1; }));
  for (std::uint32_t uid = 3; uid < 6; ++uid) {
    put("INBOX", uid, true);
    EXPECT_TRUE(comes([&] { return mails() == uid - 2; })) << uid;
  }
  EXPECT_EQ(server_.logins(), 2) << "one connection looks, one watches";
}

TEST_F(MailboxLoopTest, AMailThatCameBeforeTheWatchBeganIsSeenByIt) {
  open(kInbox, "1h");
  start_running();
  ASSERT_TRUE(comes([&] { return last_look().has_value(); }));
  put("INBOX", 3);
  start_watching();
  EXPECT_TRUE(comes([&] { return mails() == 1; }));
}

TEST_F(MailboxLoopTest, WithoutIdleThePollFindsIt) {
  server_.change([](WellImap& well) { well.capabilities = "IMAP4rev1"; });
  open(kInbox, "1s");
  start_running();
  start_watching();
  ASSERT_TRUE(comes([&] { return last_look().has_value(); }));
  put("INBOX", 3, true);
  EXPECT_TRUE(comes([&] { return mails() == 1; }));
  EXPECT_EQ(server_.idling(), 0U);
}

// The positive control of the first test: without watch and without poll nothing comes, though the
// server tells of it.
TEST_F(MailboxLoopTest, WithoutWatchOnlyWakeEndsThePause) {
  open(kInbox, "1h");
  start_running();
  ASSERT_TRUE(comes([&] { return last_look().has_value(); }));
  const int looks = server_.looks();
  put("INBOX", 3, true);
  EXPECT_EQ(server_.looks(), looks);
  EXPECT_EQ(mails(), 0);
  loop_->wake();
  EXPECT_TRUE(comes([&] { return mails() == 1; }));
}

TEST_F(MailboxLoopTest, ARefusedLoginWaitsFiveMinutesAndGoesAtOnceWhenItsSecretChanges) {
  server_.refuse_logins(true);
  open(kInbox, "1s");
  set_log_output(LogTo::standard_output);
  testing::internal::CaptureStdout();
  start_running();
  start_watching();
  EXPECT_TRUE(comes([&] { return server_.logins() == 1; }));
  put("INBOX", 3);
  server_.refuse_logins(false);
  // What was there is read before the wait begins: written until it is seen.
  int n = 0;
  EXPECT_TRUE(comes([&] {
    if (++n % 100 == 0) write("secret", "another " + std::to_string(n) + "\n");
    return mails() == 1;
  })) << "not in 5 minutes";
  end();
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_EQ(times("mailbox_failed", log), 1) << log;
  EXPECT_NE(log.find(R"("retry_s":300)"), std::string::npos) << log;
  EXPECT_EQ(err_.str(), "the login is refused\n") << "said once";
}

TEST_F(MailboxLoopTest, ARefusedLoginIsTriedAgainAfterALongerPauseEachTime) {
  static_assert(MailboxLoop::kLoginPauses == MailboxLoop::Pauses{5min, 15min, 60min});
  server_.refuse_logins(true);
  open(kInbox, "1s", {1s, 2s, 3s});
  set_log_output(LogTo::standard_output);
  testing::internal::CaptureStdout();
  start_running();
  ASSERT_TRUE(comes([&] { return server_.logins() == 5; }));
  end();
  const std::string log = testing::internal::GetCapturedStdout();
  std::string pauses;
  for (std::size_t at = log.find("retry_s\":"); at != std::string::npos;
       at = log.find("retry_s\":", at + 1))
    pauses += log[at + 9];
  EXPECT_THAT(pauses, testing::StartsWith("1233")) << log;
}

TEST_F(MailboxLoopTest, AFolderThatMayNotBeReadIsTriedAgainWithinSeconds) {
  server_.change([](WellImap& well) { well.refusal = "NOPERM"; });
  open(kInbox, "1s");
  put("INBOX", 3);
  start_running();
  EXPECT_TRUE(comes([&] { return server_.looks() >= 2; })) << "not in 5 minutes";
  server_.change([](WellImap& well) { well.refusal.clear(); });
  EXPECT_TRUE(comes([&] { return mails() == 1; }));
}

TEST_F(MailboxLoopTest, AnInboxThatMayNotBeWatchedIsTriedAgainWithinSeconds) {
  open(kInbox, "1h");
  start_running();
  ASSERT_TRUE(comes([&] { return last_look().has_value(); }));
  server_.change([](WellImap& well) { well.refusal = "NOPERM"; });
  start_watching();
  EXPECT_TRUE(comes([&] { return server_.logins() >= 3; })) << "not in an hour";
  server_.change([](WellImap& well) { well.refusal.clear(); });
  EXPECT_TRUE(comes([&] { return server_.idling() == 1; }));
}

TEST_F(MailboxLoopTest, AStoreThatMayOnlyBeReadIsTriedAgainWithinSeconds) {
  open(kInbox, "1s");
  put("INBOX", 3);
  test::make_read_only(office_->connection, folder_.path() + "/db/intake.db", true);
  start_running();
  EXPECT_TRUE(comes([&] { return server_.looks() >= 2; })) << "not in 5 minutes";
  EXPECT_EQ(mails(), 0);
  test::make_read_only(office_->connection, folder_.path() + "/db/intake.db", false);
  EXPECT_TRUE(comes([&] { return mails() == 1; }));
}

TEST_F(MailboxLoopTest, AMissingFolderWarnsOnceAndKeepsNoOtherBack) {
  open(kAll, "1h");
  for (std::uint32_t uid = 3; uid < 6; ++uid) {
    put("INBOX", uid);
    ASSERT_TRUE(loop_->look_once());
    EXPECT_EQ(mails(), uid - 2);
  }
  EXPECT_EQ(times("\\Junk: ", err_.str()), 1) << err_.str();
  // It is made, and goes again: another warning.
  put("Spam", 1);
  server_.change([](WellImap& well) { well.folders["Spam"].use = "\\Junk"; });
  ASSERT_TRUE(loop_->look_once());
  EXPECT_EQ(mails(), 4);
  server_.change([](WellImap& well) { well.folders.erase("Spam"); });
  ASSERT_TRUE(loop_->look_once());
  ASSERT_TRUE(loop_->look_once());
  EXPECT_EQ(times("\\Junk: ", err_.str()), 2) << err_.str();
}

TEST_F(MailboxLoopTest, AFolderThatWasAwayIsReadWholeAtTheNextLook) {
  open(R"(["INBOX", "Reports"])", "1s");
  put("Reports", 3);
  start_running();
  ASSERT_TRUE(comes([&] { return mails() == 1; }));
  const auto look_without_it = [&] {
    const int looks = server_.looks();
    return comes([&] { return server_.looks() > looks + 2; });
  };
  server_.change([](WellImap& well) { well.folders.erase("Reports"); });
  ASSERT_TRUE(look_without_it());
  // Another folder by its numbers alone, and another mail under the UID.
  server_.change([](WellImap& well) {
    well.folders["Reports"].mails[3] = {"another\r\n", "24-Nov-2026 11:30:00 +0000"};
  });
  EXPECT_TRUE(comes([&] { return mails() == 2; }));
  end();
  EXPECT_EQ(times("Reports: ", err_.str()), 1) << err_.str();
}

TEST_F(MailboxLoopTest, AMissingInboxIsAFailureAndNoLook) {
  server_.change([](WellImap& well) { well.folders.erase("INBOX"); });
  open(kAll, "1h");
  const Status looked = loop_->look_once();
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().fault(), Fault::not_found);
  EXPECT_EQ(last_look(), std::nullopt) << "health goes by the last look that succeeded";
  put("INBOX", 3);
  ASSERT_TRUE(loop_->look_once());
  EXPECT_EQ(mails(), 1);
  EXPECT_EQ(last_look(), clock_.at);
}

TEST_F(MailboxLoopTest, AFolderThatDidNotMoveIsLeftAlone) {
  open(kInbox, "1s");
  put("INBOX", 3);
  start_running();
  ASSERT_TRUE(comes([&] { return mails() == 1; }));
  const int looks = server_.looks();
  ASSERT_TRUE(comes([&] { return server_.looks() > looks + 1; }));
  EXPECT_EQ(server_.listings(), 1);
  put("INBOX", 4);
  EXPECT_TRUE(comes([&] { return mails() == 2; }));
}

}  // namespace
}  // namespace trust::intake
