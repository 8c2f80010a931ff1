#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/mail/message.h"

namespace trust::mail {

/// A mail to write. Text fields are UTF-8; the writer encodes, folds and refuses what cannot be a
/// header (control characters, CR, LF) instead of passing it on.
struct Draft {
  Address from;
  std::vector<Address> to;
  std::vector<Address> reply_to;
  std::string subject;
  UtcTime date;
  std::string message_id;               ///< without <>
  std::string in_reply_to;              ///< without <>; "" = none
  std::vector<std::string> references;  ///< without <>
  /// Further fields in order, name and value: ASCII, already in the form the RFC wants
  /// (List-Unsubscribe, Auto-Submitted, …). Folded between words only; a URI in <> is never folded.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string text;                 ///< plain body
  std::optional<std::string> html;  ///< with it: multipart/alternative
  struct File {
    std::string name, type, content;
  };
  std::vector<File> files;  ///< with any: multipart/mixed
};

/// The message as bytes: CRLF, 7-bit, lines of at most 76 characters in bodies and 998 in headers
/// (78 where folding allows), RFC 2047 words, RFC 2231 names, quoted-printable or base64.
/// The same draft gives the same bytes (boundaries derive from the Message-ID).
/// Fault::invalid, naming the field: a control character, an address the strict parser refuses, a
/// name that is no header name. Somebody else's Message-ID in in_reply_to or references that is
/// not printable ASCII without spaces is left out. The text ends with a line end.
Result<std::string> compose(const Draft& draft);

}  // namespace trust::mail
