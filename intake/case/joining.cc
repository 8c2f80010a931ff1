#include "intake/case/joining.h"

namespace trust::intake {

Joining decide_joining(const JoiningFacts& facts) {
  using How = Joining::How;
  if (!facts.token.empty()) {
    const JoiningFacts::Claim& claim = facts.token.front();
    return {claim.sender_on_case ? How::joined : How::joined_from_other_address, claim.case_id};
  }
  if (facts.forged_token) return {How::new_case, "", /*forged=*/true};
  if (facts.ids.empty()) return {};
  // Message-IDs can be guessed or seen in an archive: they prove something only together with a
  // sender who is on the case and whom nothing calls a forgery.
  if (facts.dmarc != "fail")
    for (const JoiningFacts::Claim& claim : facts.ids)
      if (claim.sender_on_case) return {How::joined, claim.case_id};
  return {How::new_case, facts.ids.front().case_id};
}

}  // namespace trust::intake
