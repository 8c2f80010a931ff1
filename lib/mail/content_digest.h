#pragma once

#include <string>
#include <string_view>

namespace trust::mail {

/// What identifies a mail, as it stands in its bytes.
struct Content {
  std::string_view from, date, message_id, subject;  ///< raw values; folding does not count
  std::string_view body;
};

/// SHA-256 of these, 64 hex characters. The same for the same mail by another path: trace fields
/// are no part of it; the kind of line ends and their number at the end do not count.
std::string content_sha256(const Content& content);

}  // namespace trust::mail
