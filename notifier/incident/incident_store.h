#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/database.h"
#include "notifier/incident/incident.h"

namespace trust::notifier {

/// One seen version of a page's article.
struct PageVersion {
  std::string id;
  std::string url;
  UtcTime fetched_at;
  std::string digest;    ///< SHA-256 of `article`, hex
  std::string previous;  ///< digest of this page's version before; "" for the first
};

/// The only SQL about the register. Each call is one statement unless it says otherwise, and part
/// of the caller's transaction where there is one.
class IncidentStore {
 public:
  explicit IncidentStore(store::Connection& connection) : c_{connection} {}

  Result<std::optional<Incident>> find(const std::string& id);
  /// Newest first by id, which begins with the day; corrections included (two statements).
  Result<std::vector<Incident>> list();
  /// A page seen published: a new row, or a reserved, confirmed or ended one that is published at
  /// `published_at`, or now if that is not set.
  /// False: it was published (or withdrawn) before, and nothing changed.
  Result<bool> put_published(const Incident& incident, UtcTime now);

  /// Adds a version unless it is the one seen last (two statements; call it in a transaction).
  /// True: it was new.
  Result<bool> add_version(const std::string& url, std::string_view article, UtcTime now);
  /// Every version of every page, oldest first, without the articles.
  Result<std::vector<PageVersion>> versions();

 private:
  store::Connection& c_;
};

}  // namespace trust::notifier
