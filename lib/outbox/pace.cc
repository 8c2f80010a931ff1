#include "lib/outbox/pace.h"

#include <algorithm>

#include "lib/outbox/retry.h"

namespace trust::outbox {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kMadeUpFor = 200ms;
constexpr milliseconds kFirstPause = 1s;
constexpr milliseconds kLongestPause = 25s;
constexpr std::chrono::minutes kLoginPauses[] = {5min, 15min, 60min};
constexpr int kFailuresUntilHopeless = 3;
constexpr milliseconds kOthersTurn = 20s;

}  // namespace

SteadyTime TokenBucket::reserve(SteadyTime now) {
  if (rate_ <= 0) return now;
  const std::scoped_lock lock{mutex_};
  const SteadyTime even = std::max(next_.value_or(now), now - kMadeUpFor);
  SteadyTime moment = std::max(even, now);
  next_ = even + std::chrono::nanoseconds{1s} / rate_;
  if (last_.size() == static_cast<std::size_t>(rate_)) {
    moment = std::max(moment, last_.front() + 1s);
    last_.pop_front();
  }
  last_.push_back(moment);
  return moment;
}

Breaker::Breaker(std::function<std::string()> secret_stamp)
    : secret_stamp_{std::move(secret_stamp)}, stamp_{stamp()} {}

Breaker::Leave Breaker::ask(SteadyTime now) {
  const std::scoped_lock lock{mutex_};
  if (failures_ == 0) return Leave::send;
  if (probing_) return Leave::wait;
  if (fault_ == Fault::denied && stamp() != stamp_) {
    stamp_ = stamp();
    refusals_ = 0;
  } else if (now < retry_at_) {
    return Leave::wait;
  }
  probing_ = true;
  return Leave::probe;
}

bool Breaker::is_closed() const {
  const std::scoped_lock lock{mutex_};
  return failures_ == 0;
}

void Breaker::nothing_tried() {
  const std::scoped_lock lock{mutex_};
  probing_ = false;
}

std::optional<milliseconds> Breaker::works(SteadyTime now) {
  const std::scoped_lock lock{mutex_};
  probing_ = false;
  refusals_ = 0;
  if (std::exchange(failures_, 0) == 0) return std::nullopt;
  return std::chrono::duration_cast<milliseconds>(now - since_);
}

std::optional<milliseconds> Breaker::failed(Leave leave, Fault fault, SteadyTime began,
                                            SteadyTime now, double jitter) {
  const std::scoped_lock lock{mutex_};
  if (leave != Leave::probe && failures_ > 0) return std::nullopt;
  probing_ = false;
  if (failures_++ == 0) since_ = now;
  fault_ = fault;
  // A secret that changed while it was being tried has not been refused yet.
  const bool refused = fault == Fault::denied && stamp() == stamp_;
  if (refused) {
    retry_at_ = now + kLoginPauses[std::min(refusals_++, std::size(kLoginPauses) - 1)];
  } else {
    stamp_ = stamp();
    const milliseconds pause =
        std::min<milliseconds>(kFirstPause * (1 << std::min(failures_ - 1, 10)), kLongestPause);
    const auto less = std::chrono::duration<double, std::milli>{pause} * jitter / 5;
    // From its beginning: a try that took long has been pause enough.
    retry_at_ = std::max(now, began + pause - std::chrono::duration_cast<milliseconds>(less));
  }
  return std::chrono::ceil<milliseconds>(retry_at_ - now);
}

std::optional<Fault> Breaker::hopeless() const {
  const std::scoped_lock lock{mutex_};
  if (failures_ < kFailuresUntilHopeless && refusals_ == 0) return std::nullopt;
  return fault_;
}

milliseconds Breaks::broke(const std::string& id, double jitter) {
  const std::scoped_lock lock{mutex_};
  Broken& mail = broken_[id];
  const bool others_passed = mail.times++ > 0 && answers_ > mail.answers;
  mail.answers = answers_;
  if (others_passed) return pause_after(++mail.proven, jitter);
  return mail.times == 1 ? 0ms : kOthersTurn;
}

void Breaks::answered(const std::string& id) {
  const std::scoped_lock lock{mutex_};
  ++answers_;
  broken_.erase(id);
}

}  // namespace trust::outbox
