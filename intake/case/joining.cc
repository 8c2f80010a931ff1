#include "intake/case/joining.h"

namespace trust::intake {

Joining decide_joining(const JoiningFacts& facts) {
  using How = Joining::How;
  if (!facts.token_case.empty())
    return {facts.sender_on_case ? How::joined : How::joined_from_other_address, facts.token_case};
  if (facts.forged_token) return {How::new_case, "", /*forged=*/true};
  if (facts.id_cases.empty()) return {};
  // Message-IDs can be guessed or seen in an archive: they prove something only together with a
  // sender who is on the case and whom nothing calls a forgery.
  if (facts.sender_on_case && facts.dmarc != "fail") return {How::joined, facts.id_cases.front()};
  return {How::new_case, facts.id_cases.front()};
}

}  // namespace trust::intake
