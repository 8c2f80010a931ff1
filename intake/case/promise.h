#pragma once

#include <string>
#include <string_view>

#include "intake/case/case.h"
#include "intake/case/case_store.h"
#include "intake/case/history_store.h"
#include "intake/clock/calendar.h"
#include "lib/base/result.h"

namespace trust::intake {

inline constexpr BusinessDays kResponseDays{3};  ///< first answer by a person
inline constexpr BusinessDays kTriageDays{7};    ///< of a vulnerability

/// The promise of `kind` that starts when a mail arrived; `start_by` says how that time is known.
/// The days counted, one by one, and the calendar's version stand in its derivation.
Promise new_promise(std::string_view case_id, std::string_view kind, UtcTime start,
                    std::string_view start_by, BusinessDays days, const Calendar& calendar);

/// The open promise of that kind; nullptr: there is none.
const Promise* open_promise(const std::vector<Promise>& promises, std::string_view kind);

/// The days of a promise's derivation, as they were counted then.
struct Derivation {
  DueTime due;
  std::string start_by;
};
Derivation derivation_of(const Promise& promise);

/// What a report that arrived at `start` is promised: an answer, and of a vulnerability its triage
/// unless one is promised already. Part of the caller's transaction.
Status add_promises(store::Connection& connection, const Case& c, UtcTime start,
                    std::string_view start_by, const Calendar& calendar);
/// The triage alone, of a case that turns out to be a vulnerability.
Status add_triage(store::Connection& connection, const Case& c, UtcTime start,
                  std::string_view start_by, const Calendar& calendar);

/// Who changes a case, for its history. `by` is the address of a member of staff, or "".
struct Changer {
  Actor actor = Actor::program;
  std::string by;
  UtcTime at{};
};

/// A look becomes an open case with its true arrival time; `held` comes from CaseStore::hold and is
/// brought up to date. Staff are told; the reporter is acknowledged if the mail allows it and no
/// more than kAcknowledgeWithin has passed. Part of the caller's transaction.
/// Fault::conflict: it is no look.
Status become_report(store::Connection& connection, Case& held, std::string_view start_by,
                     const Calendar& calendar, const Changer& changer);

/// Whether a mail's time of arrival may be trusted as far as that rule goes; its `received_by` says
/// how it is known.
inline bool is_arrival_sure(std::string_view received_by) {
  return received_by.find("_of_") == std::string_view::npos;
}
/// The first-day rule: later than this after its arrival nothing is acknowledged by itself.
inline constexpr std::chrono::hours kAcknowledgeWithin{24};

}  // namespace trust::intake
