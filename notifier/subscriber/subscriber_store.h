#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/token.h"
#include "lib/store/database.h"
#include "notifier/subscriber/import_file.h"
#include "notifier/subscriber/subscriber.h"

namespace trust::notifier {

/// Words under which a reader agreed.
struct Consent {
  std::string text;
  std::string source;  ///< command, import, page
  UtcTime at;
};

/// What became of the rows of an import.
struct Imported {
  int added = 0;       ///< new on the list
  int confirmed = 0;   ///< were asked, are confirmed now
  int unchanged = 0;   ///< were as the row says already
  int left = 0;        ///< had left, and the row's consent is not newer
  int suppressed = 0;  ///< must never be written to
};

/// The only SQL about the list. REQUIRES of every changing call but `import`: the caller's
/// transaction, since each is two statements or more.
class SubscriberStore {
 public:
  SubscriberStore(store::Connection& connection, const Keyring& keyring)
      : c_{connection}, keyring_{keyring} {}

  Result<std::optional<Subscriber>> find(const std::string& address);
  /// The address of the reader whose tokens carry these ten bytes; "" if there is none.
  Result<std::string> address_of(std::string_view token_id);

  /// The reader asks: a new row, or one that had left or asked before asks anew, in these words and
  /// for these services. Who confirmed stays. Fault::conflict: suppressed.
  Result<Subscriber> ask(const std::string& address, const std::vector<std::string>& services,
                         const Consent& consent);
  /// asked -> confirmed; confirmed stays. Fault::not_found; conflict: left or suppressed.
  Result<Subscriber> confirm(const std::string& address, const Consent& consent);
  /// -> left. Fault::not_found; left and suppressed stay.
  Result<Subscriber> leave(const std::string& address, UtcTime now);

  /// All rows in one transaction of its own. `confirmed`: the rows' readers agreed to `text` (or to
  /// the row's own words), at the row's time or now; otherwise they are only asked.
  Result<Imported> import(const std::vector<ImportRow>& rows, bool confirmed,
                          const std::string& text, UtcTime now, const std::function<void()>& step);

  Result<bool> is_suppressed(const std::string& address);
  /// Up to `limit` in the order of their ids, after `after_id` ("" = from the first); of one state
  /// or (none) of all.
  Result<std::vector<Subscriber>> list(std::optional<SubscriberState> state,
                                       const std::string& after_id, int limit);
  Result<std::map<std::string, int>> count_by_state();

 private:
  Result<Subscriber> insert(const std::string& address, const std::vector<std::string>& services,
                            const Consent& consent, SubscriberState state,
                            std::optional<UtcTime> confirmed_at);
  Status put_services(const std::string& id, const std::vector<std::string>& services);
  std::string suppression_digest(const std::string& address) const;

  store::Connection& c_;
  const Keyring& keyring_;
};

/// A reader's place in a list by their token id, stored as 20 hex characters.
std::string new_token_id();

}  // namespace trust::notifier
