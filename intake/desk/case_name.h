#pragma once

#include <string>
#include <string_view>

namespace trust::intake {

/// The id of a case as a person may type it: in any case of letters, with or without "TM-".
std::string case_name(std::string_view typed);

}  // namespace trust::intake
