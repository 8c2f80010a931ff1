#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/mail/scan.h"

namespace trust::mail {

/// A node of the part tree. Only offsets into the raw mail; nothing is copied or decoded.
struct Part {
  std::size_t header_begin = 0, header_end = 0;  ///< the header block without its blank line
  std::size_t body_begin = 0, body_end = 0;      ///< without the line end before a boundary
  std::string type = "text/plain";  ///< Content-Type, lower case; defaults of RFC 2045 5.2
  std::string charset;              ///< lower case; "" if none
  std::string encoding;             ///< Content-Transfer-Encoding, lower case; "" if none
  std::string disposition;          ///< "inline", "attachment" or ""
  std::string name;                 ///< decoded filename or name parameter; "" if none
  bool name_lossy = false;          ///< the name could only be guessed
  bool format_flowed = false;
  std::vector<Part> parts;  ///< of a multipart, or the one mail inside message/rfc822

  std::string_view header(std::string_view raw) const {
    return raw.substr(header_begin, header_end - header_begin);
  }
  std::string_view body(std::string_view raw) const {
    return raw.substr(body_begin, body_end - body_begin);
  }
};

/// The first part in order that is `wanted`, from `root` on. The mail inside a message/* is another
/// mail and not looked into. nullptr: none is.
const Part* find_part(const Part& root, const std::function<bool(const Part&)>& wanted);

/// The part tree. Tolerates a missing closing boundary, a multipart without or with a wrong
/// boundary (read as one text part), bare CR or LF line ends, lines before the header (mbox "From
/// ", blank lines, a BOM). A part that is too deep stays a leaf, parts that are too many are left
/// out; `limit` says which limit was hit first. Linear; never recursive.
struct Tree {
  Part root;
  /// "" or message_too_large | header_too_long | field_too_long | too_deep | too_many_parts
  std::string limit;
};
Tree split_parts(std::string_view raw, const ScanLimits& limits = {});

}  // namespace trust::mail
