#pragma once

#include <memory>
#include <string>

#include "lib/mail/transport.h"

namespace trust::outbox {

/// For trial runs (`smtp.divert`): every mail goes to `address`, whoever it is for.
std::unique_ptr<mail::Transport> diverted(std::unique_ptr<mail::Transport> transport,
                                          std::string address);

}  // namespace trust::outbox
