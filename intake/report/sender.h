#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/mail/message.h"

namespace trust::intake {

/// The reporter.
struct Sender {
  mail::Address address;  ///< address "" = nobody
  /// From was our own (a group rewrote it) and the address comes from X-Original-From,
  /// X-Original-Sender or Reply-To. Staff see a mark.
  bool replaced = false;
  bool is_ourselves = false;  ///< From is ours and nothing else stands there
};
Sender sender_of(const mail::ParsedMail& mail, const std::vector<std::string>& own_addresses);

/// The topmost Authentication-Results field, and only if it is of `authserv_id` (case ignored; "" =
/// of anybody). Otherwise all fields are empty: unknown, which is not failed.
mail::Authentication believed_authentication(const mail::ParsedMail& mail,
                                             std::string_view authserv_id);

/// Whether the list headers of a mail only say that it came through a group of our own: its List-Id
/// or group id is one of `own_lists` or of our addresses ("security.example.org" and
/// "security@example.org" are the same).
bool came_by_own_list(const mail::ParsedMail& mail, const std::vector<std::string>& own_addresses,
                      const std::vector<std::string>& own_lists);

}  // namespace trust::intake
