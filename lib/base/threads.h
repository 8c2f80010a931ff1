#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace trust {

/// Threads that begin and end together. For one owner's thread.
class Threads {
 public:
  ~Threads();  ///< waits for all, for ever

  /// At most 15 characters of `name` are what `ps -L` shows.
  void start(std::string name, std::function<void()> body);
  bool empty() const { return threads_.empty(); }
  /// Joins all. False: one had not ended by then; call again.
  bool join_until(std::chrono::steady_clock::time_point end);

 private:
  struct One {
    std::thread thread;
    std::future<void> ended;
  };
  std::vector<One> threads_;
};

}  // namespace trust
