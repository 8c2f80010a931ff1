#pragma once

#include <string>
#include <vector>

namespace trust::intake {

/// What is known when a mail asks to belong to a case.
struct JoiningFacts {
  /// A case that the mail names, and whether the sender is its reporter or wrote to it before.
  struct Claim {
    std::string case_id;
    bool sender_on_case = false;
  };
  std::vector<Claim> token;  ///< the case of a valid token, if that case exists; else empty
  bool forged_token = false;
  std::vector<Claim> ids;  ///< cases whose Message-IDs the mail refers to
  std::string dmarc;       ///< by our own server: pass | fail | "" …
};

struct Joining {
  enum class How { new_case, joined, joined_from_other_address } how = How::new_case;
  std::string case_id;  ///< of a joining; for new_case: the case it claims to belong to, or ""
  bool forged = false;
};

/// The table of proofs. A number in the subject proves nothing; joining never changes who is
/// answered.
Joining decide_joining(const JoiningFacts& facts);

}  // namespace trust::intake
