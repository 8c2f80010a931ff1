#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "intake/case/case_store.h"
#include "intake/desk/case_view.h"

namespace trust::intake {

/// A line of the queue, for machines.
nlohmann::ordered_json to_json(const QueuedCase& queued, UtcTime now);
/// One case with everything that belongs to it.
nlohmann::ordered_json to_json(const CaseView& view, UtcTime now);
nlohmann::ordered_json to_json(const Case& c);

/// "symptom", "vulnerability", with "URGENT" and "encrypted" where so.
std::string kind_in_words(const Case& c);
/// What became of the acknowledgment.
std::string acknowledgment_in_words(const Case& c);

}  // namespace trust::intake
