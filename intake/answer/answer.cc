#include "intake/answer/answer.h"

#include <array>

namespace trust::intake {

namespace {
constexpr std::array<std::string_view, 5> kOutcomes{"tracking", "post-mortem", "explained",
                                                    "bounty", "reply"};
}  // namespace

std::string_view name_of(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

std::optional<Outcome> outcome_of(std::string_view name) {
  for (std::size_t i = 0; i < kOutcomes.size(); ++i)
    if (kOutcomes[i] == name) return static_cast<Outcome>(i);
  return std::nullopt;
}

}  // namespace trust::intake
