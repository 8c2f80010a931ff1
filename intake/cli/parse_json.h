#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "intake/report/understand.h"
#include "lib/mail/message.h"

namespace trust::intake {

/// The object `parse --json` prints for a mail: the keys of CLI.md in that order, absent = null or
/// an empty list.
nlohmann::ordered_json parse_json(std::string_view file, const mail::ParsedMail& mail,
                                  const Understood& understood);

}  // namespace trust::intake
