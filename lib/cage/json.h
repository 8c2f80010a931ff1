#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lib/base/result.h"
#include "lib/mail/message.h"

namespace trust::cage {

/// Every field of a ParsedMail; the form that passes between parent and child and stands in the
/// store. Strings are valid UTF-8.
nlohmann::json to_json(const mail::ParsedMail& mail);
/// Fault::invalid: not made by to_json. Unknown keys are ignored, missing ones read as empty, so
/// that rows of an older version stay readable.
Result<mail::ParsedMail> from_json(const nlohmann::json& object);

}  // namespace trust::cage
