#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/store/database.h"

namespace trust::intake {

enum class Actor { program, reporter, staff };

struct HistoryEntry {
  std::int64_t seq = 0;
  std::string kind;
  UtcTime at{};
  std::string actor;
  std::string detail;  ///< JSON; "" after a purge
};

/// The append-only record of each case. A row commits to its detail and to the row before it, so
/// neither can be changed unseen, while a purge may delete the details.
class HistoryStore {
 public:
  explicit HistoryStore(store::Connection& connection) : c_{connection} {}

  /// Only inside the transaction that does what is recorded.
  /// Fault::conflict: another writer took the number; the whole transaction is to be repeated.
  Status append(const std::string& case_id, std::string_view kind, UtcTime at, Actor actor,
                const std::string& detail_json);

  Result<std::vector<HistoryEntry>> of_case(const std::string& case_id);

  /// The first row of a chain that does not fit, as "TM-… row 3"; "" if all chains verify.
  Result<std::string> verify_all();

 private:
  store::Connection& c_;
};

}  // namespace trust::intake
