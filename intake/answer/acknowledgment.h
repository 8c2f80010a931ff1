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
Result<Outgoing> compose_acknowledgment(const AcknowledgmentFacts& facts, const Identity& identity,
                                        const Keyring& keyring, const Letters& letters,
                                        UtcTime now);

}  // namespace trust::intake
