#include "intake/case/opening.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "intake/case/promise.h"

namespace trust::intake {

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
