#pragma once

#include <string>
#include <string_view>

#include "intake/answer/answer.h"
#include "intake/answer/letters.h"
#include "lib/mail/compose.h"

namespace trust::intake {

/// A draft from us about no case in particular: From, date, a new Message-ID.
mail::Draft plain_draft(const std::string& recipient, const Pen& pen);
/// The same about a case, with what all mails about it have in common: Reply-To, a signed
/// Message-ID, the thread reference, and `in_reply_to` unless it is odd.
mail::Draft draft_about(std::string_view case_id, const std::string& recipient,
                        std::string_view in_reply_to, const Pen& pen);

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
