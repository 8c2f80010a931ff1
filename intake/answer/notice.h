#pragma once

#include <string>
#include <vector>

#include "intake/answer/answer.h"
#include "intake/answer/letters.h"
#include "intake/case/case.h"

namespace trust::intake {

/// What staff are told of a new case. Their words are shown as plain text, cleaned of control and
/// direction characters, and cut.
struct NoticeFacts {
  const Case& c;
  UtcTime received{};  ///< of the mail they are told of
  std::vector<Promise> promises;
  std::vector<std::string> services;  ///< names for people
  std::string words;                  ///< what the mail says; any length
  int attachments = 0;
};

Result<Outgoing> compose_notice(const NoticeFacts& facts, const std::string& recipient,
                                const Pen& pen);

/// What staff are told when a promise runs out.
struct AlarmFacts {
  const Case& c;
  const Promise& promise;
  bool late = false;  ///< it is past; else one business day is left
  std::string left;   ///< "1 business day 16 h left"
};
Result<Outgoing> compose_alarm(const AlarmFacts& facts, const std::string& recipient,
                               const Pen& pen);

/// A case in the morning list.
struct MorningLine {
  std::string case_id;
  std::string left;  ///< "late by 3 h"; "" = no clock runs
  std::string assignee;
  std::string subject;
};
/// What waits in the morning, the most urgent first.
struct MorningFacts {
  std::vector<MorningLine> late, today, open, looks, not_acknowledged;
  int quarantined = 0;
  int failed = 0, uncertain = 0;  ///< of the outbox, since the last business day

  bool is_empty() const {
    return late.empty() && today.empty() && open.empty() && looks.empty() &&
           not_acknowledged.empty() && quarantined + failed + uncertain == 0;
  }
};
Result<Outgoing> compose_morning(const MorningFacts& facts, const std::string& recipient,
                                 const Pen& pen);

/// That mails of more than a day ago became cases: one mail, not one for each.
Result<Outgoing> compose_backlog(const std::string& recipient, const Pen& pen);

}  // namespace trust::intake
