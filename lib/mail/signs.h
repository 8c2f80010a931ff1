#pragma once

#include <string_view>

#include "lib/mail/header.h"
#include "lib/mail/message.h"
#include "lib/mail/split.h"

namespace trust::mail {

/// Signs that no person waits for an answer (RFC 3834, and what programs really send). Whether
/// it is a delivery or abuse report instead is dsn.h's matter.
struct Automatic {
  bool is_auto_reply = false;  ///< a vacation, a receipt or another automatic answer
  bool is_bulk = false;        ///< list fields, or Precedence bulk, list, junk
  bool must_not_ack = false;   ///< any of these, Auto-Submitted, a null path, a robot's From, …
  bool must_not_ack_apart_from_list = false;  ///< without List-* and Precedence too
  bool suppresses_auto_reply = false;         ///< X-Auto-Response-Suppress: All, OOF or AutoReply
};

/// Fields first; then the words of an out-of-office subject (en de fr es nl it pt), then those of
/// its text, which alone never suffice. `root_type` is the Content-Type of the whole mail.
Automatic read_automatic(const Header& header, std::string_view root_type, std::string_view subject,
                         std::string_view text, std::string_view from_address);

/// One Authentication-Results value (RFC 8601 2.2): comments and quoted strings are skipped, so
/// nothing inside them passes for a result; of two results for one method the one that is not
/// "pass" counts. A missing authserv-id (as Exchange Online writes it) is "".
Authentication read_authentication(std::string_view raw_value);

/// Whether the mail, or a part of it, can be read only with somebody's private key: PGP/MIME (also
/// as Exchange rewrites it), an armoured PGP message in the text or an attachment, S/MIME enveloped
/// data. A signature alone is no encryption.
bool is_encrypted(std::string_view raw, const Part& root, std::string_view text);

}  // namespace trust::mail
