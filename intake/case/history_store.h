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

  /// The first row of a chain that does not fit, as "TM-… row 3"; "" if all chains verify and
  /// reach as far as the anchors say.
  Result<std::string> verify_all();

  /// The end of the chain of anchors; what an operator keeps elsewhere to know it again.
  struct Anchor {
    std::int64_t n = 0;  ///< from 1; 0: there is none
    UtcTime at{};
    std::string digest;
  };
  Result<Anchor> last_anchor();
  /// Puts the last row of every case whose history grew into one chain over all cases, so that an
  /// end that is cut off is missed. In a transaction, once a day.
  /// Fault::conflict: another process does the same.
  Status anchor(UtcTime now);

 private:
  Result<std::string> verify_chains();
  Result<std::string> verify_anchors();

  store::Connection& c_;
};

}  // namespace trust::intake
