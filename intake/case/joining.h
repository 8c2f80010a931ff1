#pragma once

#include <string>
#include <vector>

namespace trust::intake {

/// What is known when a mail asks to belong to a case.
struct JoiningFacts {
  std::string token_case;                ///< case of a valid token, if that case exists; "" = none
  bool forged_token = false;
  std::vector<std::string> id_cases;     ///< cases whose Message-IDs the mail refers to
  bool sender_on_case = false;           ///< the sender is its reporter or wrote to it before
  std::string dmarc;                     ///< by our own server: pass | fail | "" …
};

struct Joining {
  enum class How { new_case, joined, joined_from_other_address } how = How::new_case;
  std::string case_id;  ///< of a joining; for new_case: the case it claims to belong to, or ""
  bool forged = false;
};

/// The table of proofs. A number in the subject proves nothing; joining never changes who is
/// answered. `sender_on_case` speaks of token_case, or else of the first of id_cases.
Joining decide_joining(const JoiningFacts& facts);

}  // namespace trust::intake
