#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intake/answer/answer.h"
#include "intake/answer/letters.h"
#include "intake/case/case.h"
#include "intake/clock/calendar.h"

namespace trust::intake {

/// What an acknowledgment says. No field holds a word of the report.
struct AcknowledgmentFacts {
  std::string case_id;
  std::string recipient;             ///< went through the strict parser
  std::string in_reply_to;           ///< Message-ID of the report; left out if it is odd
  bool vulnerability = false;        ///< says how the bug bounty track goes on
  DueTime answer;                    ///< the response promise
  std::optional<DueTime> triage;     ///< of a vulnerability
  std::vector<std::string> missing;  ///< of "what", "when", "service": what it asks for
};

/// RFC 3834: Auto-Submitted: auto-replied, at most 4 KiB of text. The same facts and time give the
/// same words under a new Message-ID.
Result<Outgoing> compose_acknowledgment(const AcknowledgmentFacts& facts, const Pen& pen);

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
Result<Outgoing> compose_letter(const LetterFacts& facts, const Pen& pen);

}  // namespace trust::intake
