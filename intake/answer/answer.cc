#include "intake/answer/answer.h"

#include "lib/base/names.h"

namespace trust::intake {

namespace {
constexpr Names<Outcome, 5> kOutcomes{"tracking", "post-mortem", "explained", "bounty", "reply"};
}  // namespace

std::string_view name_of(Outcome outcome) { return kOutcomes.of(outcome); }
std::optional<Outcome> outcome_of(std::string_view name) { return kOutcomes.find(name); }

}  // namespace trust::intake
