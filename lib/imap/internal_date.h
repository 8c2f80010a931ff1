#pragma once

#include <optional>
#include <string_view>

#include "lib/base/time.h"

namespace trust::imap {

/// INTERNALDATE (RFC 3501 9, date-time): "24-Nov-2026 10:00:00 +0100", a one-digit day padded with
/// a space or not. Nothing for what is none, or lies outside 1970 to 2200.
std::optional<UtcTime> parse_internal_date(std::string_view text);

}  // namespace trust::imap
