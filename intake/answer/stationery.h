#pragma once

#include <string>
#include <string_view>

#include "intake/answer/answer.h"
#include "lib/mail/compose.h"

namespace trust::intake {

/// A draft from us about a case, with everything our mails have in common: From, Reply-To, date, a
/// new signed Message-ID, the thread reference, and `in_reply_to` unless it is odd.
mail::Draft draft_about(std::string_view case_id, const std::string& recipient,
                        std::string_view in_reply_to, const Identity& identity,
                        const Keyring& keyring, UtcTime now);

/// security+TOKEN@…; "" if our address is too long to carry one.
std::string signed_address(std::string_view case_id, const Identity& identity,
                           const Keyring& keyring);

/// "Tue 24 Nov 2026, 10:00 UTC"
std::string moment_in_words(UtcTime at);
/// One line of somebody else's text: cleaned of control and direction characters, cut.
std::string one_line(std::string_view text, std::size_t max_bytes);

/// Whether a Message-ID of somebody else may stand in a header of ours: printable ASCII, one @, at
/// most 250 bytes.
bool is_plain_message_id(std::string_view id);

}  // namespace trust::intake
