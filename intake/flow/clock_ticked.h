#pragma once

#include "intake/flow/mail_arrived.h"

namespace trust::intake {

/// Tells staff what the clock says, each thing once for ever: a promise with one business day left,
/// from `notices_at` of the business day before its last; a late one, at once; what waits, the
/// first time after `notices_at` of each business day. What was missed during an outage is told
/// afterwards if it is still true, the list on its own day only. What was over when its case opened
/// (old mail) stands in the list alone. A mail in quarantine is told of at once, and once more when
/// it is late. Anchors the history once a day. Call it every few seconds, from any number of
/// processes. How many mails were queued.
Result<int> clock_ticked(const FlowTools& tools, const FlowSettings& settings);

}  // namespace trust::intake
