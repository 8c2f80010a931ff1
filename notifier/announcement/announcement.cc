#include "notifier/announcement/announcement.h"

#include <algorithm>
#include <array>

namespace trust::notifier {

namespace {
constexpr std::array<std::string_view, 3> kKinds{"post_mortem", "correction", "follow_up"};
constexpr std::array<std::string_view, 5> kStates{"held", "holding", "sending", "finished",
                                                  "cancelled"};
}  // namespace

std::string_view name_of(AnnouncementKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view name_of(AnnouncementState state) {
  return kStates[static_cast<std::size_t>(state)];
}

std::optional<AnnouncementState> announcement_state_of(std::string_view name) {
  const auto* at = std::find(kStates.begin(), kStates.end(), name);
  if (at == kStates.end()) return std::nullopt;
  return static_cast<AnnouncementState>(at - kStates.begin());
}

}  // namespace trust::notifier
