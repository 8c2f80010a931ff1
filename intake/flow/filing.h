#pragma once

#include <string>

#include "intake/flow/mail_arrived.h"

namespace trust::intake {

/// Where a mail went.
struct Filed {
  bool now = false;     ///< false: it was filed before
  bool opened = false;  ///< it opened a case (or a look)
  std::string case_id;
  std::string relation;
};

/// parsed -> filed, in one transaction with everything that follows from it: the case it opens or
/// joins, promises, history, and what is owed to the reporter and to staff.
Result<Filed> file_parsed(const FlowTools& tools, const FlowSettings& settings,
                          const std::string& mail_id);

}  // namespace trust::intake
