#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

namespace trust::cli {

/// A line on standard error that counts, only on a terminal and only once a second has passed.
class Progress {
 public:
  /// `total` 0: nobody knows.
  Progress(std::ostream& err, std::string what, std::size_t total);
  ~Progress();  ///< wipes the line
  void step();

 private:
  std::ostream& err_;
  std::string what_;
  std::size_t total_, done_ = 0;
  std::chrono::steady_clock::time_point began_, shown_;
  bool on_terminal_, drawn_ = false;
};

}  // namespace trust::cli
