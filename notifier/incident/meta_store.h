#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::notifier {

/// The facts that stand once per installation.
enum class Fact {
  key_check,   ///< Keyring::check_value() of the keyring this store belongs to
  first_look,  ///< epoch ms of the first successful look at the publications
  last_look,   ///< epoch ms of the last one
};

class MetaStore {
 public:
  explicit MetaStore(store::Connection& connection) : c_{connection} {}

  Result<std::optional<std::string>> get(Fact fact);
  Status put(Fact fact, std::string_view value);

 private:
  store::Connection& c_;
};

}  // namespace trust::notifier
