#include "notifier/announcement/announcement.h"

#include "lib/base/names.h"

namespace trust::notifier {

namespace {
constexpr Names<AnnouncementKind, 3> kKinds{"post_mortem", "correction", "follow_up"};
constexpr Names<AnnouncementState, 5> kStates{"held", "holding", "sending", "finished",
                                              "cancelled"};
}  // namespace

std::string_view name_of(AnnouncementKind kind) { return kKinds.of(kind); }
std::optional<AnnouncementKind> announcement_kind_of(std::string_view name) {
  return kKinds.find(name);
}
std::string_view name_of(AnnouncementState state) { return kStates.of(state); }
std::optional<AnnouncementState> announcement_state_of(std::string_view name) {
  return kStates.find(name);
}

}  // namespace trust::notifier
