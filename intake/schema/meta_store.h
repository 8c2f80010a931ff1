#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::intake {

/// Single facts about the installation.
enum class Fact {
  key_check,  ///< Keyring::check_value of the keyring that signed what stands here
  last_look,  ///< milliseconds: when all watched folders were last looked at without a failure
};

class MetaStore {
 public:
  explicit MetaStore(store::Connection& connection) : c_{connection} {}

  Result<std::optional<std::string>> get(Fact fact);
  Status put(Fact fact, std::string_view value);

 private:
  store::Connection& c_;
};

}  // namespace trust::intake
