#pragma once

#include <string>
#include <string_view>

#include "lib/mail/message.h"

namespace trust::mail {

/// Reads a mail. Never fails and never throws: what cannot be read is left out, and `unparsed` says
/// that limits stopped the reader. May be slow or crash on bytes made to harm; it runs in the caged
/// child, except in sanitizer builds and fuzzers. Cost: one pass over the bytes, memory about twice
/// the text parts.
ParsedMail parse(std::string_view raw);

/// Only the header block, at most 256 KiB of it: what is known of a mail whose parser died.
/// `unparsed` is set. It too is meant for the child.
ParsedMail parse_header_only(std::string_view raw, std::string_view because);

/// The last resort, safe in any process: From, Subject and Message-ID as they stand, found by plain
/// loops; nothing is decoded. Such a mail must never be acknowledged.
ParsedMail parse_hardly(std::string_view raw, std::string_view because);

/// What identifies a mail, as it stands in its bytes.
struct Content {
  std::string_view from, date, message_id, subject;  ///< raw values; folding does not count
  std::string_view body;
};

/// SHA-256 of these, 64 hex characters. The same for the same mail by another path: trace fields
/// are no part of it; the kind of line ends and their number at the end do not count.
std::string content_sha256(const Content& content);

}  // namespace trust::mail
