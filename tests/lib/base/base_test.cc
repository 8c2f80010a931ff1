#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>
#include <thread>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/signals.h"
#include "lib/base/text.h"
#include "lib/base/threads.h"
#include "tests/lib/base/temporary_folder.h"

namespace trust {
namespace {

using namespace std::chrono_literals;

TEST(Error, NamesTheStepAboveIt) {
  const Error error = Error{Fault::unavailable, "locked"}.within("open case");
  EXPECT_EQ(error.text(), "open case: locked");
  EXPECT_EQ(error.fault(), Fault::unavailable);
}

TEST(File, IsReplacedWholeAndPrivate) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/f";
  ASSERT_TRUE(write_file_durably(path, "old"));
  ASSERT_TRUE(write_file_durably(path, "new"));
  EXPECT_EQ(*read_file(path), "new");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_NE(::access((path + ".new").c_str(), F_OK), 0) << "the temporary file is gone";
}

TEST(File, SaysWhyItCannotBeRead) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/f";
  EXPECT_EQ(read_file(path).error().fault(), Fault::not_found);
  EXPECT_EQ(read_file(folder.path()).error().fault(), Fault::invalid);
  ASSERT_TRUE(write_file_durably(path, "12345"));
  EXPECT_EQ(read_file(path, 4).error().fault(), Fault::invalid);
  EXPECT_EQ(*read_file(path, 5), "12345");
}

TEST(File, ASecretLosesItsLineEndAndMayNotBeEmpty) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/secret";
  ASSERT_TRUE(write_file_durably(path, "pass word\r\n"));
  EXPECT_EQ(*read_secret(path), "pass word");
  ASSERT_TRUE(write_file_durably(path, "\n"));
  EXPECT_EQ(read_secret(path).error().fault(), Fault::invalid);
}

TEST(File, ALockIsHeldByOneProcessAndDiesWithIt) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/lock";
  {
    const auto held = FileLock::take(path);
    ASSERT_TRUE(held);
    EXPECT_EQ(FileLock::take(path).error().fault(), Fault::conflict);
  }
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = FileLock::take(path);
    const char byte = held ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) == 1) ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_FALSE(FileLock::take(path));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::take(path));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(Log, TheListOfEventsIsClosedAndDocumented) {
  std::set<std::string_view> names;
  for (const EventRow& row : log_events()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.doc.empty()) << row.name;
    EXPECT_TRUE(row.level == "info" || row.level == "warn" || row.level == "error") << row.name;
    EXPECT_EQ(&row - log_events().data(), static_cast<std::ptrdiff_t>(row.event)) << row.name;
  }
}

TEST(Log, TextFromOutsideCannotEnterALine) {
  const auto line = [](std::string_view word) {
    const LogField field[] = {{"case", word}};
    return log_line(Event::acknowledged, field);
  };
  EXPECT_EQ(line("TM-ABC123"), R"("level":"info","event":"acknowledged","case":"TM-ABC123")");
  for (const std::string_view outside :
       {"a@b", "two words", "\"", "\n", "x\\", "caf\xC3\xA9", "{}", "<x>", "a|b"})
    EXPECT_EQ(line(outside), R"("level":"info","event":"acknowledged","case":"?")") << outside;
}

TEST(Closest, FindsWhatAPersonMeant) {
  const std::string_view words[] = {"answer", "assign", "audit", "list"};
  EXPECT_EQ(closest("anwser", words), "answer");
  EXPECT_EQ(closest("LIST", words), "list");
  EXPECT_EQ(closest("lsit", words), "list");
  EXPECT_EQ(closest("quarantine", words), "");
  EXPECT_EQ(closest("", words), "");
  EXPECT_EQ(closest(std::string(1000, 'a'), words), "");
}

TEST(Signals, AWaitEndsWhenAStopIsAskedFor) {
  StopSignal stop;
  EXPECT_TRUE(stop.wait_for(1ms));
  std::thread asker{[&] { stop.request(); }};
  EXPECT_FALSE(stop.wait_for(60s));
  asker.join();
  EXPECT_FALSE(stop.wait_for(60s)) << "a stop stays asked for";
}

TEST(Signals, SigtermAsksForAStopAndSigpipeIsIgnored) {
  StopSignal stop;
  stop_on_signals(stop);
  ASSERT_EQ(::raise(SIGPIPE), 0);
  EXPECT_FALSE(stop.requested());
  ASSERT_EQ(::raise(SIGTERM), 0);
  EXPECT_TRUE(stop.requested());
}

TEST(Signals, SighupAsksForOneMoreRoundAndEndsNothing) {
  StopSignal stop;
  stop_on_signals(stop);
  for (int i = 0; i < 100'000; ++i) stop.request_reload();
  ASSERT_EQ(::raise(SIGHUP), 0);
  EXPECT_FALSE(stop.requested());
  EXPECT_TRUE(stop.wait_for_reload()) << "many requests are one";
  std::thread asker{[&] { stop.request_reload(); }};
  EXPECT_TRUE(stop.wait_for_reload());
  asker.join();

  stop.end_round();
  EXPECT_TRUE(stop.requested());
  EXPECT_FALSE(stop.is_last_round());
  ASSERT_EQ(::raise(SIGHUP), 0);
  EXPECT_TRUE(stop.begin_round());
  EXPECT_TRUE(stop.wait_for(1ms)) << "the new round has not ended";
  EXPECT_TRUE(stop.wait_for_reload()) << "what was asked between rounds is not forgotten";
}

TEST(Signals, AReloadAskedForTooEarlyWaitsForTheHandler) {
  ::signal(SIGHUP, SIG_DFL);
  hold_reloads();
  ASSERT_EQ(::raise(SIGHUP), 0);  // would end this test program
  StopSignal stop;
  stop_on_signals(stop);
  EXPECT_TRUE(stop.wait_for_reload());
}

TEST(Signals, AStopOutlivesRounds) {
  StopSignal stop;
  stop.end_round();
  stop.request();
  EXPECT_FALSE(stop.begin_round());
  EXPECT_FALSE(stop.wait_for(60s));
  stop.request_reload();
  EXPECT_FALSE(stop.wait_for_reload()) << "an end comes before a reload";
}

TEST(Signals, AStopAtAnyMomentIsSeenByTheNextRound) {
  for (int i = 0; i < 200; ++i) {
    StopSignal stop;
    stop.end_round();
    std::thread asker{[&] { stop.request(); }};
    stop.begin_round();
    EXPECT_FALSE(stop.wait_for(60s));
    asker.join();
    EXPECT_FALSE(stop.begin_round());
  }
}

TEST(Threads, AreJoinedOnlyWhenAllHaveEnded) {
  Threads threads;
  StopSignal quick, slow;
  threads.start("quick", [&] { quick.wait_for(60s); });
  threads.start("a name that is much too long", [&] { slow.wait_for(60s); });
  quick.request();
  EXPECT_FALSE(threads.join_until(std::chrono::steady_clock::now() + 20ms));
  EXPECT_FALSE(threads.empty());
  slow.request();
  EXPECT_TRUE(threads.join_until(std::chrono::steady_clock::now() + 60s));
  EXPECT_TRUE(threads.empty());
}

}  // namespace
}  // namespace trust
