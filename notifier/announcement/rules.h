#pragma once

#include <string>

#include "lib/base/time.h"

namespace trust::notifier {

/// Why staff are asked before a page that a look found is announced: "several_new" (more than two
/// new pages in one look), "old_page" (its day is more than 30 days ago); "" = they are not.
std::string reason_to_ask(int new_pages_in_this_look, UtcDay page_day, UtcTime now);

/// How long `mails` take at `rate_per_second`, in words: "about 17 min"; a rate of 0 is "as fast as
/// the relay takes them".
std::string time_needed(std::int64_t mails, int rate_per_second);

}  // namespace trust::notifier
