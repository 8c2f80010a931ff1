#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/base/token.h"
#include "lib/store/database.h"

namespace trust::notifier {

/// How many mails may ask to confirm (SEC-44): of one address, and of all in an hour.
struct ConfirmationBudget {
  int per_day = 1;
  int per_month = 3;  ///< 30 days
  int per_hour_in_all = 200;
};

struct Confirmation {
  std::string id;
  std::string subscriber_id;
  std::string address;
};

/// The only SQL about mails that ask to confirm. REQUIRES the caller's transaction, which
/// `begin_asking` makes the only one of its kind until it ends, on both stores.
class ConfirmationStore {
 public:
  ConfirmationStore(store::Connection& connection, const Keyring& keyring)
      : c_{connection}, keyring_{keyring} {}

  /// Somebody asks: always one durable change, whatever comes of it, so that the time it takes
  /// tells nothing. Forgets mails older than any budget.
  Status begin_asking(UtcTime now);
  /// Whether one more mail may go to this subscriber ("": a new one).
  Result<bool> may_ask(const std::string& subscriber_id, const ConfirmationBudget& budget,
                       UtcTime now);
  /// A mail to this subscriber, whose earlier ones are void from now on. Its id.
  Result<std::string> add(const std::string& subscriber_id, UtcTime now);

  /// What `token` confirms, if it is good and its reader still only asked.
  Result<std::optional<Confirmation>> find(std::string_view token, UtcTime now);
  /// The same by the id of its mail.
  Result<std::optional<Confirmation>> find_mail(const std::string& id, UtcTime now);
  Status spend(const std::string& subscriber_id);

  /// 128 bits that only the keyring and the mail know.
  std::string token_of(const std::string& id) const;

 private:
  store::Connection& c_;
  const Keyring& keyring_;
};

inline constexpr std::chrono::days kConfirmationLife{7};

}  // namespace trust::notifier
