#pragma once

#include <string>
#include <string_view>

#include "intake/case/case.h"
#include "intake/clock/calendar.h"

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

}  // namespace trust::intake
