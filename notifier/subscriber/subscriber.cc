#include "notifier/subscriber/subscriber.h"

#include <algorithm>
#include <array>

namespace trust::notifier {

namespace {
constexpr std::array<std::string_view, 4> kStates{"asked", "confirmed", "left", "suppressed"};
}

std::string_view name_of(SubscriberState state) { return kStates[static_cast<std::size_t>(state)]; }

std::optional<SubscriberState> subscriber_state_of(std::string_view name) {
  const auto* at = std::find(kStates.begin(), kStates.end(), name);
  if (at == kStates.end()) return std::nullopt;
  return static_cast<SubscriberState>(at - kStates.begin());
}

}  // namespace trust::notifier
