#pragma once

#include <string>

#include "intake/answer/answer.h"
#include "intake/case/case.h"
#include "intake/case/joining.h"
#include "intake/flow/reading.h"

namespace trust::intake {

/// Whether the mail that opened `c` is owed an acknowledgment: Case::acknowledgment and its reason.
struct Owed {
  std::string state;
  std::string because;
};
Owed acknowledgment_owed(const ReadMail& mail, const Case& c);

/// The case that a mail opens, under a new id, with what staff should know before they believe
/// their eyes.
Case new_case(const ReadMail& mail, const Joining& joining, const Identity& identity, UtcTime now);

void add_mark(Case& c, const std::string& mark);

}  // namespace trust::intake
