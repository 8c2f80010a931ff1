#pragma once

#include "lib/base/time.h"

namespace trust::test {

/// A clock that stands where it is put.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(UtcTime start) : at{start} {}
  UtcTime now() const override { return at; }
  UtcTime at;
};

}  // namespace trust::test
