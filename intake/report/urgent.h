#pragma once

#include <string_view>

namespace trust::intake {

/// Whether a decoded subject begins with "SECURITY URGENT:" in any decoration: case, blanks of any
/// kind between and around, reply and forward marks of any language, [list tags], stars and
/// brackets around it, a dash or bracket in place of the colon.
bool says_security_urgent(std::string_view subject);

}  // namespace trust::intake
