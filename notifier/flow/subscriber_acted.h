#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/token.h"
#include "lib/store/database.h"
#include "notifier/subscriber/confirmation_store.h"

namespace trust::notifier {

/// What a reader filled in on the page.
struct Asking {
  std::string address;                ///< as typed
  std::vector<std::string> services;  ///< folded names; empty: all
  std::string consent;                ///< the words they agreed to
  std::string mail_domain;            ///< of the Message-ID
};

/// One transaction: the address is `asked`, and one mail that asks it to confirm is in the outbox.
/// False: nobody is mailed, as the address is none, is on the list already, must never be written
/// to, or a budget is used up; nothing changed.
Result<bool> subscriber_asked(store::Connection& store, const Keyring& keyring,
                              const Asking& asking, const ConfirmationBudget& budget, UtcTime now);

/// Whether `subscriber_confirmed` would say yes. Changes nothing.
Result<bool> may_confirm(store::Connection& store, const Keyring& keyring, std::string_view token,
                         UtcTime now);
/// False: unknown, used or too old, or its reader has left or is suppressed.
Result<bool> subscriber_confirmed(store::Connection& store, const Keyring& keyring,
                                  std::string_view token, UtcTime now);

/// The reader of an unsubscribe token leaves; mails of theirs that no dot has ended are dropped.
/// False: no such token.
Result<bool> subscriber_left(store::Connection& store, const Keyring& keyring,
                             std::string_view token, UtcTime now);

}  // namespace trust::notifier
