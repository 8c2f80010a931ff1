#pragma once

#include <string_view>

#include "lib/mail/header.h"

namespace trust::mail {

/// Signs that no person waits for an answer (RFC 3834, and what programs really send). Whether
/// it is a delivery or abuse report instead is dsn.h's and arf.h's matter.
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

}  // namespace trust::mail
