#include "lib/program/service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <sstream>
#include <thread>

#include "lib/base/file.h"
#include "lib/outbox/migrations.h"
#include "tests/lib/base/temporary_folder.h"

namespace trust::program {
namespace {

using namespace std::chrono_literals;

/// What the services of a test did, in order, and how often more than one was at work.
struct Diary {
  std::mutex mutex;
  std::vector<std::string> lines;
  int at_work = 0, most_at_work = 0;

  void write(std::string line, int change = 0) {
    const std::scoped_lock lock{mutex};
    lines.push_back(std::move(line));
    most_at_work = std::max(most_at_work, at_work += change);
  }
  bool has(const std::string& line) {
    const std::scoped_lock lock{mutex};
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  }
};

class FakeService final : public Service {
 public:
  FakeService(Diary& diary, std::string name, StopSignal& stop, bool starts)
      : diary_{diary}, name_{std::move(name)}, stop_{stop}, starts_{starts} {}

  Status start() override {
    if (!starts_) {
      diary_.write(name_ + " cannot start");
      return Error{Fault::unavailable, "the port is taken"};
    }
    EXPECT_FALSE(stop_.requested() && !stop_.is_last_round());
    diary_.write(name_ + " starts", 1);
    works_ = true;
    return ok();
  }
  bool end() override {
    EXPECT_TRUE(stop_.requested());
    if (!works_) return true;
    // Not at the first asking: one that still waits for the store.
    if (std::exchange(patience_, 0) > 0) return false;
    works_ = false;
    diary_.write(name_ + " ends", -1);
    return true;
  }
  Status until_idle() override {
    diary_.write(name_ + " works until idle");
    return Error{Fault::unavailable, "the relay is away"};
  }

  int patience_ = 0;

 private:
  Diary& diary_;
  std::string name_;
  StopSignal& stop_;
  bool starts_;
  bool works_ = false;
};

class ServeTest : public ::testing::Test {
 protected:
  static constexpr cli::Program kFake{"trust-intake", "", "", "0"};

  cli::Exit run(bool until_idle = false) {
    return serve(kFake, until_idle, {in_, out_, err_},
                 [this](StopSignal& stop, const ProgramStore* at_work) -> Result<Loaded> {
                   const int n = loads_++;
                   const std::string name = std::to_string(n);
                   EXPECT_EQ(at_work != nullptr, n > 0);
                   if (on_load_) on_load_(n);
                   if (bad_ == n) return Error{Fault::invalid, "own.json:3: smtp: broken"};
                   auto service =
                       std::make_unique<FakeService>(diary_, name, stop, n != unable_to_start_);
                   service->patience_ = n == slow_ ? 1 : 0;
                   return Loaded{std::move(service), store(), needs_restart_};
                 });
  }
  ProgramStore store() {
    return {kFake.name, {{"sqlite:" + folder_.path() + "/db"}, {}}, folder_.path(), {}};
  }
  /// Sends `number` once `line` stands in the diary.
  std::thread signal_after(const std::string& line, int number) {
    return std::thread{[=, this] {
      const auto end = std::chrono::steady_clock::now() + 60s;
      while (!diary_.has(line) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
      ::kill(::getpid(), number);
    }};
  }

  TemporaryFolder folder_;
  std::istringstream in_;
  std::ostringstream out_, err_;
  Diary diary_;
  std::function<void(int)> on_load_;
  int loads_ = 0, bad_ = -1, unable_to_start_ = -1, slow_ = -1;
  std::vector<std::string> needs_restart_;
};

using Lines = std::vector<std::string>;

TEST_F(ServeTest, SighupPutsTheNewServiceInPlaceOfTheOldOne) {
  slow_ = 0;
  std::thread reload = signal_after("0 starts", SIGHUP), stop = signal_after("1 starts", SIGTERM);
  EXPECT_EQ(run(), cli::Exit::done);
  reload.join();
  stop.join();
  EXPECT_EQ(diary_.lines, (Lines{"0 starts", "0 ends", "1 starts", "1 ends"}));
  EXPECT_EQ(diary_.most_at_work, 1);
  EXPECT_NE(err_.str().find("settings were read again\n"), std::string::npos) << err_.str();
}

TEST_F(ServeTest, BadSettingsLeaveTheOldServiceUntouched) {
  bad_ = 1;
  on_load_ = [](int n) {
    if (n == 1) ::raise(SIGTERM);
  };
  std::thread reload = signal_after("0 starts", SIGHUP);
  EXPECT_EQ(run(), cli::Exit::done);
  reload.join();
  EXPECT_EQ(diary_.lines, (Lines{"0 starts", "0 ends"}));
  EXPECT_EQ(err_.str(),
            "own.json:3: smtp: broken; nothing was changed, the old settings stay in force\n");
}

TEST_F(ServeTest, AServiceThatCannotStartGivesWayToTheOldOne) {
  unable_to_start_ = 1;
  std::thread reload = signal_after("0 starts", SIGHUP);
  std::thread stop{[this] {
    const auto end = std::chrono::steady_clock::now() + 60s;
    for (bool back = false; !back && std::chrono::steady_clock::now() < end;) {
      const std::scoped_lock lock{diary_.mutex};
      back = std::count(diary_.lines.begin(), diary_.lines.end(), "0 starts") == 2;
    }
    ::kill(::getpid(), SIGTERM);
  }};
  EXPECT_EQ(run(), cli::Exit::done);
  reload.join();
  stop.join();
  EXPECT_EQ(diary_.lines, (Lines{"0 starts", "0 ends", "1 cannot start", "0 starts", "0 ends"}));
  EXPECT_EQ(err_.str(), "the port is taken; nothing was changed, the old settings stay in force\n");
}

TEST_F(ServeTest, SighupDuringStartAndDuringStopIsHarmless) {
  on_load_ = [](int) {
    ::raise(SIGHUP);
    ::raise(SIGTERM);
    ::raise(SIGHUP);
  };
  EXPECT_EQ(run(), cli::Exit::done);
  EXPECT_EQ(diary_.lines, (Lines{"0 starts", "0 ends"}));
}

TEST_F(ServeTest, AServiceThatDoesNotEndIsLeftAtTheEndOnly) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  slow_ = 0;
  on_load_ = [](int) { ::raise(SIGTERM); };
  EXPECT_EXIT(static_cast<void>(run()), ::testing::ExitedWithCode(0), "")
      << "run() would return and the child end with another code";
}

TEST_F(ServeTest, NamesWhatNeedsARestart) {
  needs_restart_ = {"store.url", "state_dir"};
  std::thread reload = signal_after("0 starts", SIGHUP), stop = signal_after("1 starts", SIGTERM);
  EXPECT_EQ(run(), cli::Exit::done);
  reload.join();
  stop.join();
  EXPECT_EQ(err_.str(), "settings were read again; a restart is needed for store.url, state_dir\n");
}

TEST_F(ServeTest, IsOneForAStateFolder) {
  const auto other = FileLock::take(folder_.path() + "/lock");
  ASSERT_TRUE(other);
  EXPECT_EQ(run(), cli::Exit::conflict);
  EXPECT_TRUE(diary_.lines.empty());
}

TEST_F(ServeTest, UntilIdleTellsWhatItCameTo) {
  EXPECT_EQ(run(/*until_idle=*/true), cli::Exit::unavailable);
  EXPECT_EQ(err_.str(), "the relay is away\n");
}

TEST(KeepPlace, NamesTheKeysThatSaidOtherwise) {
  struct Config {
    config::StoreSettings store;
    std::string state_dir;
  };
  const ProgramStore at_work{"trust-intake", {{"sqlite:/a/db"}, {}}, "/a", {}};
  Config same{{{"sqlite:/a/db"}, "/new-password"}, "/a"}, other{{{"sqlite:/b/db"}, {}}, "/b"};
  EXPECT_TRUE(keep_place(&at_work, same).empty());
  EXPECT_EQ(same.store.password_file, "/new-password");
  EXPECT_EQ(keep_place(&at_work, other), (Lines{"store.url", "state_dir"}));
  EXPECT_EQ(other.store.url.text + other.state_dir, "sqlite:/a/db/a");
  Config first = other;
  EXPECT_TRUE(keep_place(nullptr, first).empty());
}

}  // namespace
}  // namespace trust::program
