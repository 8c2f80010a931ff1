#include "lib/outbox/outbox.h"

#include "lib/base/names.h"

namespace trust::outbox {

namespace {

constexpr Names<Kind, 6> kKinds{"sign_in",        "confirmation", "answer",
                                "acknowledgment", "notice",       "announcement"};
constexpr Names<State, 10> kStates{"queued", "claimed",   "sending",    "accepted", "deferred",
                                   "failed", "uncertain", "suppressed", "left",     "cancelled"};

}  // namespace

std::string_view name_of(Kind kind) { return kKinds.of(kind); }
std::optional<Kind> kind_of(std::string_view name) { return kKinds.find(name); }
std::string_view name_of(State state) { return kStates.of(state); }

}  // namespace trust::outbox
