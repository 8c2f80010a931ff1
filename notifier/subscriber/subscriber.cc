#include "notifier/subscriber/subscriber.h"

#include "lib/base/names.h"

namespace trust::notifier {

namespace {
constexpr Names<SubscriberState, 4> kStates{"asked", "confirmed", "left", "suppressed"};
}

std::string_view name_of(SubscriberState state) { return kStates.of(state); }
std::optional<SubscriberState> subscriber_state_of(std::string_view name) {
  return kStates.find(name);
}

}  // namespace trust::notifier
