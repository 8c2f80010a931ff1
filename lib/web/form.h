#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/result.h"

namespace trust::web {

/// A form or query, names and values decoded, in the order they were sent. Text is valid UTF-8.
class Form {
 public:
  /// Fault::invalid: more than 100 fields, a name over 100 or a value over 4,000 bytes, a "%"
  /// without two hex digits, or a NUL.
  static Result<Form> parse(std::string_view encoded);

  /// The first value of that name; "" if there is none.
  std::string first(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace trust::web
