#pragma once

#include <string>
#include <string_view>

#include "intake/case/case_store.h"
#include "intake/flow/mail_arrived.h"
#include "intake/flow/reading.h"

namespace trust::intake {

/// What the budgets say: "" = go ahead, else address_day | all_hour. `given` counts the last 24
/// hours for the address and the last hour for all; `dmarc` is the sender's.
std::string over_budget(std::string_view dmarc, const CaseStore::Given& given, int per_hour);

/// The acknowledgment that a case is waiting for goes to the outbox, or is found to be over the
/// budget. How many rows were queued: 0 or 1.
Result<int> acknowledge_reporter(const FlowTools& tools, const FlowSettings& settings,
                                 const std::string& case_id);

/// One notice for each member of staff, `reference` + their address; how many were new. Part of the
/// caller's transaction.
Result<int> queue_for_staff(
    store::Connection& connection, const FlowSettings& settings, const std::string& reference,
    UtcTime now, const std::function<Result<Outgoing>(const std::string& person)>& write);

/// The notice that a case is waiting for goes to the outbox, one for each member of staff; how
/// many. Of cases whose mail was more than a day old when it was first seen, one a day for all.
Result<int> notify_staff(const FlowTools& tools, const FlowSettings& settings,
                         const std::string& case_id);

}  // namespace trust::intake
