#include "lib/net/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>

namespace trust::net {

Interrupt::Interrupt() : event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (event_ < 0) std::abort();
}

Interrupt::~Interrupt() { ::close(event_); }

void Interrupt::fire() {
  if (fired_.exchange(true)) return;
  static_cast<void>(::eventfd_write(event_, 1));
}

void Interrupt::reset() {
  eventfd_t count = 0;
  static_cast<void>(::eventfd_read(event_, &count));
  fired_.store(false);
}

}  // namespace trust::net
