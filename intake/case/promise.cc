#include "intake/case/promise.h"

#include <nlohmann/json.hpp>

namespace trust::intake {

namespace {

using nlohmann::json;

json days_to_json(const std::vector<UtcDay>& days) {
  json list = json::array();
  for (const UtcDay day : days) list.push_back(to_iso_day(day));
  return list;
}

std::vector<UtcDay> days_from_json(const json& object, const char* key) {
  std::vector<UtcDay> days;
  const auto list = object.find(key);
  if (list == object.end() || !list->is_array()) return days;
  for (const json& item : *list) {
    if (!item.is_string()) continue;
    if (const auto day = parse_iso_day(item.get_ref<const std::string&>())) days.push_back(*day);
  }
  return days;
}

}  // namespace

Promise new_promise(std::string_view case_id, std::string_view kind, UtcTime start,
                    std::string_view start_by, BusinessDays days, const Calendar& calendar) {
  const DueTime due = calendar.due(start, days);
  const json derivation{{"start", to_rfc3339(start)},
                        {"start_by", start_by},
                        {"business_days", days.count},
                        {"counted", days_to_json(due.counted)},
                        {"holidays", days_to_json(due.holidays)},
                        {"due_before", to_rfc3339(due.due)},
                        {"calendar", calendar.version()}};
  Promise promise;
  promise.case_id = case_id;
  promise.kind = kind;
  promise.start = start;
  promise.due = due.due;
  promise.provisional = due.provisional;
  promise.calendar = calendar.version();
  promise.derivation = derivation.dump();
  return promise;
}

const Promise* open_promise(const std::vector<Promise>& promises, std::string_view kind) {
  for (const Promise& promise : promises)
    if (promise.is_open() && promise.kind == kind) return &promise;
  return nullptr;
}

Derivation derivation_of(const Promise& promise) {
  Derivation derivation;
  derivation.due.due = promise.due;
  derivation.due.provisional = promise.provisional;
  const json object = json::parse(promise.derivation, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return derivation;
  derivation.due.counted = days_from_json(object, "counted");
  derivation.due.holidays = days_from_json(object, "holidays");
  const auto start_by = object.find("start_by");
  if (start_by != object.end() && start_by->is_string()) derivation.start_by = *start_by;
  return derivation;
}

}  // namespace trust::intake
