#include "lib/cli/progress.h"

#include <unistd.h>

#include <iostream>
#include <utility>

namespace trust::cli {

namespace {
using std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kBetween{100};
}  // namespace

Progress::Progress(std::ostream& err, std::string what, std::size_t total)
    : err_{err},
      what_{std::move(what)},
      total_{total},
      began_{steady_clock::now()},
      shown_{began_},
      on_terminal_{&err == &std::cerr && ::isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
  if (drawn_) err_ << "\r\x1b[K" << std::flush;
}

void Progress::step() {
  ++done_;
  if (!on_terminal_) return;
  const auto now = steady_clock::now();
  if (now - began_ < kPatience || now - shown_ < kBetween) return;
  shown_ = now;
  drawn_ = true;
  err_ << '\r' << what_ << ' ' << done_;
  if (total_ > 0) err_ << " of " << total_;
  err_ << "\x1b[K" << std::flush;
}

}  // namespace trust::cli
