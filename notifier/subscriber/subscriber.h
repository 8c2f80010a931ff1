#pragma once

/// notifier/subscriber: the list, and the consent each line of it rests on.
///   subscriber.h        the value and its states
///   subscriber_store.*  the only SQL about the list and the suppressions
///   confirmation_store.*  the only SQL about mails that ask to confirm: tokens and budgets
///   csv.*               RFC 4180, safe for spreadsheets (pure)
///   import_file.*       a list to import (pure)
/// States:   asked -> confirmed -> left          suppressed: bounces, or "never again"
/// Promise: only `confirmed` readers are ever told, and nobody who left or is suppressed comes back
/// without a consent that is newer.
/// Not here: what they are told (delivery/), links and pages for readers.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/names.h"
#include "lib/base/time.h"

namespace trust::notifier {

enum class SubscriberState { asked, confirmed, left, suppressed };
constexpr Names<SubscriberState, 4> names(SubscriberState) {
  return {"asked", "confirmed", "left", "suppressed"};
}

struct Subscriber {
  std::string id;        ///< random; the only name of a reader in logs
  std::string token_id;  ///< 10 bytes; what tokens made for this reader carry
  std::string address;   ///< as strict_address gives it
  SubscriberState state = SubscriberState::asked;
  std::vector<std::string> services;  ///< folded names; empty: all
  std::string consent_text;
  std::optional<UtcTime> consent_at;
  std::string consent_source;  ///< command, import, page
  std::optional<UtcTime> confirmed_at;
  std::optional<UtcTime> left_at;
  UtcTime created_at;
};

}  // namespace trust::notifier
