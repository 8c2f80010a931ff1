#pragma once

#include <string>
#include <vector>

#include "intake/answer/answer.h"
#include "intake/answer/letters.h"
#include "intake/case/case.h"

namespace trust::intake {

/// What a person tells the reporter.
struct LetterFacts {
  const Case& c;
  Outcome outcome = Outcome::reply;
  std::string words;        ///< as typed; UTF-8
  std::string incident;     ///< id, of tracking
  std::string url;          ///< of post-mortem
  std::string in_reply_to;  ///< the reporter's last Message-ID; "" = none
};

/// A clean mail from our address to the reporter, in their thread; nothing of theirs is quoted but
/// the subject. Fault::invalid: no words where the outcome needs some, or nobody to write to.
Result<Outgoing> compose_letter(const LetterFacts& facts, const Identity& identity,
                                const Keyring& keyring, const Letters& letters, UtcTime now);

}  // namespace trust::intake
