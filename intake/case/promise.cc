#include "intake/case/promise.h"

#include <algorithm>
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

Status add_promises(store::Connection& connection, const Case& c, UtcTime start,
                    std::string_view start_by, const Calendar& calendar) {
  Status response = CaseStore{connection}.add_promise(
      new_promise(c.id, "response", start, start_by, kResponseDays, calendar));
  if (!response || c.kind != "vulnerability") return response;
  return add_triage(connection, c, start, start_by, calendar);
}

Status add_triage(store::Connection& connection, const Case& c, UtcTime start,
                  std::string_view start_by, const Calendar& calendar) {
  CaseStore cases{connection};
  const Result<std::vector<Promise>> given = cases.promises_of(c.id);
  if (!given) return given.error();
  const bool has_triage = std::any_of(given->begin(), given->end(),
                                      [](const Promise& p) { return p.kind == "triage"; });
  if (has_triage) return ok();
  return cases.add_promise(new_promise(c.id, "triage", start, start_by, kTriageDays, calendar));
}

Status become_report(store::Connection& connection, Case& held, std::string_view start_by,
                     const Calendar& calendar, const Changer& changer) {
  if (held.state != "look")
    return Error{Fault::conflict, held.id + " is " + held.state + ", not a look"};
  CaseStore cases{connection};
  const nlohmann::json detail{{"by", changer.by}, {"was", held.look_because}};
  held.state = "open";
  held.look_because.clear();
  if (held.acknowledgment_because == "look") {
    const bool fresh =
        is_arrival_sure(start_by) && changer.at - held.received <= kAcknowledgeWithin;
    held.acknowledgment = fresh ? "pending" : "not_owed";
    held.acknowledgment_because = fresh ? "" : "old";
  }
  held.notice = "pending";
  held.notice_mail = held.first_mail;
  if (Status done = cases.update(held); !done) return done;
  ++held.version;
  if (Status done =
          cases.set_acknowledgment(held.id, held.acknowledgment, held.acknowledgment_because);
      !done)
    return done;
  if (Status done = cases.set_notice(held.id, held.notice, held.notice_mail); !done) return done;
  if (Status done = add_promises(connection, held, held.received, start_by, calendar); !done)
    return done;
  return HistoryStore{connection}.append(held.id, "report", changer.at, changer.actor,
                                         detail.dump());
}

}  // namespace trust::intake
