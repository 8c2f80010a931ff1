#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lib/base/file.h"
#include "lib/store/database.h"

namespace trust::store {

/// Whether the store has forgotten what was done: a replica that was behind took over, or an older
/// copy was restored. Counters in the store (table `epoch`) rise in the transactions that must not
/// be forgotten, and a file of this machine holds the highest values it has seen. The counters are
/// taken in turn, so that the lines of a worker do not wait for each other's commits.
///
/// Order: the counter is committed with the work, the file is written, what the work allows is
/// done. If we die before the file, then it says less than the store, as after the work of another
/// machine, and nothing is wrong. The file changes by one small write in place, without a sync: a
/// full disk or a crash of ours cannot spoil it; a loss of power together with a fail-over can.
/// Any thread.
class Epoch {
 public:
  /// Remembers until it is destroyed.
  Epoch() = default;
  /// Goes on with what `file` remembers, and makes it. `went_back` is called when that is found; it
  /// asks nothing of this. Fault::invalid: the file is not ours.
  static Result<std::shared_ptr<Epoch>> kept_in(const std::string& file,
                                                std::function<void()> went_back);

  /// For new sessions: compares, and remembers what is new. Fault::conflict, with what to do: the
  /// store is behind what was seen.
  Status admit(Connection& connection);
  /// The same, for every second: other machines are at work too. Raises a counter each minute, for
  /// what changes without `raise`. Not for several threads.
  Status keep(Connection& connection);
  /// Connection::transaction of `work` and the raising of a counter, which is remembered when this
  /// is successful. Fault::conflict: the store is behind; nothing was done.
  Status raise(Connection& connection, const std::function<Status(Connection&)>& work,
               int tries = Connection::kTries);
  /// What was found, once it was.
  std::optional<Error> went_back() const;

 private:
  using Counters = std::array<std::int64_t, 16>;  // less than a disk's sector
  Counters seen() const;
  Status remember(const Counters& higher);
  Error find_behind(std::int64_t stored, std::int64_t seen);

  std::string file_;
  Fd fd_;
  std::function<void()> on_went_back_;
  std::atomic<std::size_t> turn_ = 0;
  std::chrono::steady_clock::time_point raised_at_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;  ///< of the following
  Counters seen_{};
  std::optional<Error> went_back_;
};

}  // namespace trust::store
