#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "lib/outbox/migrations.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/worker.h"
#include "tests/fakes/test_store.h"

namespace trust::outbox {

using namespace std::chrono_literals;

/// A relay that does as it is told, and remembers what the store said at the dot.
struct FakeRelay {
  std::mutex mutex;
  std::map<std::string, mail::SendResult> verdicts;  ///< by recipient; absent: 250
  std::multiset<std::string> accepted;
  std::atomic<bool> down = false;
  std::atomic<int> tries = 0;
  std::function<void(const std::string& recipient)> at_dot;

  class Line : public mail::Transport {
   public:
    explicit Line(FakeRelay& relay) : relay_{relay} {}
    mail::SendResult send(const mail::Envelope& envelope, std::string_view,
                          const BeforeDot& before_dot) override {
      ++relay_.tries;
      const std::scoped_lock lock{relay_.mutex};
      if (relay_.down) return {};
      const auto told = relay_.verdicts.find(envelope.to);
      if (told != relay_.verdicts.end() && told->second.outcome != mail::Outcome::uncertain &&
          told->second.outcome != mail::Outcome::accepted)
        return told->second;
      if (!before_dot()) return {.outcome = mail::Outcome::held_back};
      if (relay_.at_dot) relay_.at_dot(envelope.to);
      if (told != relay_.verdicts.end()) return told->second;
      relay_.accepted.insert(envelope.to);
      return {.outcome = mail::Outcome::accepted, .code = 250};
    }
    void close() override {}

   private:
    FakeRelay& relay_;
  };
};

/// A store of either kind, a relay, and workers between them.
class WorkerTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), lib_outbox_migrations()};
  store::Connection c_ = store_.connect();
  OutboxStore rows_{c_};
  SystemClock clock_;
  StopSignal stop_;
  FakeRelay relay_;

  void queue(const std::string& to, Kind kind = Kind::notice) {
    const UtcTime now = clock_.now();
    ASSERT_TRUE(*rows_.add({kind, to, "a@example.org", to, "mail", "id", now, now + 48h}, now));
  }
  /// False after 30 s.
  bool wait_for(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      stop_.wait_for(5ms);
    }
    return true;
  }
  Worker worker(WorkerSettings settings = {}, Worker::NewComposer composer = {}) {
    return {std::move(settings),
            store_.database(),
            [this] { return std::make_unique<FakeRelay::Line>(relay_); },
            std::move(composer),
            clock_,
            stop_};
  }
  int count(const std::string& state) { return (*rows_.count_by_state(""))[state]; }
};

}  // namespace trust::outbox
