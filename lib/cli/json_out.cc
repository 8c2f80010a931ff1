#include "lib/cli/json_out.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace trust::cli {

using nlohmann::ordered_json;

void print_json(std::ostream& out, const ordered_json& value) {
  out << value.dump(-1, ' ', /*ensure_ascii=*/false, ordered_json::error_handler_t::replace)
      << '\n';
}

ordered_json or_null(std::string_view text) {
  return text.empty() ? ordered_json{} : ordered_json(std::string{text});
}

ordered_json or_null(const std::optional<UtcTime>& time) {
  return time ? ordered_json(to_rfc3339(*time)) : ordered_json{};
}

}  // namespace trust::cli
