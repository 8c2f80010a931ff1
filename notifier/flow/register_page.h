#pragma once

#include "lib/base/result.h"
#include "lib/store/database.h"
#include "notifier/incident/incident.h"
#include "notifier/page/site.h"

namespace trust::notifier {

enum class BeforeUs { no, yes };

/// The incident that a page tells of, its words made fit for mails and feeds: no control
/// characters, a title even where the page has none, at most 4,000 bytes of summary.
Incident incident_of(const Page& page);

/// The page stands in the register as published, with this version of its article. The incident as
/// it stands there then. REQUIRES a transaction. Fault::conflict: the incident is withdrawn.
Result<Incident> register_page(store::Connection& store, const Page& page, BeforeUs before_us,
                               UtcTime now);

}  // namespace trust::notifier
