#pragma once

#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/config/setting.h"

namespace trust::config {

/// The text of a JSON object with // and /* */ comments, as a tree whose values know their line.
/// At most 32 levels deep. Fault::invalid, the text beginning "FILE:LINE: ": not JSON, a doubled
/// key, too deep, or not an object.
Result<Given> parse_tree(std::string_view text, const std::string& file);

/// The same for one JSON value of ours, such as a default. REQUIRES valid JSON.
Given tree_of(std::string_view json);

}  // namespace trust::config
