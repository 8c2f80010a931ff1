#include "lib/outbox/outbox.h"

#include <array>

namespace trust::outbox {

namespace {

constexpr std::array<std::string_view, 6> kKinds{"sign_in",        "confirmation", "answer",
                                                 "acknowledgment", "notice",       "announcement"};
constexpr std::array<std::string_view, 10> kStates{
    "queued", "claimed",   "sending",    "accepted", "deferred",
    "failed", "uncertain", "suppressed", "left",     "cancelled"};

}  // namespace

std::string_view name_of(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Kind> kind_of(std::string_view name) {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (kKinds[i] == name) return static_cast<Kind>(i);
  return std::nullopt;
}

std::string_view name_of(State state) { return kStates[static_cast<std::size_t>(state)]; }

}  // namespace trust::outbox
