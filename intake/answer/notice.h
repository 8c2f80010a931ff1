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
                                const Identity& identity, const Keyring& keyring,
                                const Letters& letters, UtcTime now);

}  // namespace trust::intake
