#pragma once

#include <chrono>
#include <ctime>

namespace trust::test {

/// Processor time of this process since it was made, so that a busy machine fails no test.
/// Sanitizers and debug builds take many times as long; there a second counts as a fortieth.
class CpuTime {
 public:
  std::chrono::milliseconds spent() const {
    const double seconds = static_cast<double>(std::clock() - begin_) / CLOCKS_PER_SEC;
#if defined(TRUST_SANITIZED) || !defined(NDEBUG)
    return std::chrono::milliseconds{static_cast<long>(seconds * 1000 / 40)};
#else
    return std::chrono::milliseconds{static_cast<long>(seconds * 1000)};
#endif
  }

 private:
  std::clock_t begin_ = std::clock();
};

}  // namespace trust::test
