#pragma once

#include <string_view>

#include "lib/mail/message.h"

namespace trust::mail {

/// One Authentication-Results value (RFC 8601 2.2): comments and quoted strings are skipped, so
/// nothing inside them passes for a result; of two results for one method the one that is not
/// "pass" counts. A missing authserv-id (as Exchange Online writes it) is "".
Authentication read_authentication(std::string_view raw_value);

}  // namespace trust::mail
