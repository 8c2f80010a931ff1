#include "lib/store/sql.h"

namespace trust::store {

namespace {
const std::string kEmpty;
}

std::int64_t Value::integer() const {
  const auto* number = std::get_if<std::int64_t>(&value_);
  return number != nullptr ? *number : 0;
}

const std::string& Value::text() const {
  const auto* text = std::get_if<std::string>(&value_);
  return text != nullptr ? *text : kEmpty;
}

const std::string& Value::bytes() const {
  const auto* bytes = std::get_if<Bytes>(&value_);
  return bytes != nullptr ? bytes->value : kEmpty;
}

std::optional<UtcTime> Value::maybe_time() const {
  return is_null() ? std::nullopt : std::optional{time()};
}

}  // namespace trust::store
