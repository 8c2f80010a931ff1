#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "lib/base/time.h"

namespace trust::cli {

/// One JSON value on a line of its own. Bad UTF-8 becomes U+FFFD.
void print_json(std::ostream& out, const nlohmann::ordered_json& value);

/// Absent is null: "" and no time print as null.
nlohmann::ordered_json or_null(std::string_view text);
nlohmann::ordered_json or_null(const std::optional<UtcTime>& time);

}  // namespace trust::cli
