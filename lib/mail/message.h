#pragma once

/// lib/mail: what a mail is. Pure functions over bytes; no network, no store.
/// Reading, all of it meant for the caged child (lib/cage):
///   scan.*       limits, before anything else looks: size, header, field, depth, parts
///   split.*      byte offsets of the part tree (RFC 2045, 2046), never a copy
///   header.*     fields, RFC 2047 words, RFC 2231 parameters, dates
///   address.*    RFC 5322 addresses: a lenient reader, and the strict one that envelopes use
///   charset.*    any text to UTF-8; never fails, may be lossy
///   transfer.*   base64, quoted-printable, uuencode
///   text_body.*  the readable text, from HTML where there is no plain one
///   html_text.* visible_reply.*   what is read of HTML; what of a text is not quoted
///   signs.*      mail that no person wrote, that is encrypted; what our server found
///   dsn.*        reports that mail was not delivered, or not wanted
///   parse.*      all of it together: bytes -> ParsedMail
/// Writing:
///   compose.*    a message with correct folding, encoding and line lengths; encode.* its means
/// Interfaces:
///   mailbox.h    where mail is fetched from;  transport.h  where mail is handed over

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"

namespace trust::mail {

/// An address as read from a header field. Lower-cased, domain as written (A-label or UTF-8).
struct Address {
  std::string name;     ///< display name, decoded; "" if none
  std::string address;  ///< local@domain; "" if the field held none

  bool operator==(const Address&) const = default;
};

/// A leaf part that is no part of the readable text.
struct Attachment {
  std::string name;  ///< decoded file name, cleaned of control characters; "" if none
  std::optional<std::uint64_t> bytes;  ///< decoded size; none for message/*
  std::string type;                    ///< "image/png", lower case
  std::uint64_t begin = 0;             ///< byte range of the encoded body within the raw mail
  std::uint64_t end = 0;
  std::string encoding;  ///< Content-Transfer-Encoding, lower case; "" = identity
};

/// One recipient of a bounce report.
struct Bounce {
  std::string recipient;  ///< "" if the report does not say
  std::string status;     ///< RFC 3463 "5.1.1", only where it stands literally in the mail
  bool hard = false;
  std::string fault = "unknown";  ///< address | mailbox | content | us | unknown
};

/// An abuse report (RFC 5965).
struct Arf {
  std::string feedback_type;
  std::string source_ip;
  std::string original_rcpt;
};

/// What the topmost Authentication-Results field says (RFC 8601); "" where it is silent.
struct Authentication {
  std::string authserv_id;
  std::string dmarc;  ///< pass | fail | none | …
  std::string auth;   ///< SMTP AUTH result
};

/// Everything the rest of the program may know of a mail. All text is valid UTF-8 without NUL.
struct ParsedMail {
  std::string subject;  ///< decoded, white space folded
  Address from;         ///< first of From
  std::vector<Address> reply_to;
  std::vector<std::string> to;  ///< To only, groups expanded
  std::vector<std::string> cc;
  std::vector<std::string> delivered_to;  ///< Delivered-To, X-Original-To, Envelope-To
  std::string return_path;                ///< "" with has_return_path: the null path <>
  bool has_return_path = false;
  std::optional<UtcTime> date;
  std::string message_id;                ///< without <>; "" if missing, empty or unreadable
  std::vector<std::string> in_reply_to;  ///< without <>, empty ones dropped
  std::vector<std::string> references;
  std::string text;  ///< the whole readable text
  bool has_html = false;
  std::string visible_reply;  ///< `text` without quoted history and signature
  std::vector<Attachment> attachments;
  bool is_bounce = false;
  std::vector<Bounce> bounces;
  bool is_auto_reply = false;
  bool must_not_ack = false;
  /// must_not_ack would hold without List-* and Precedence fields too (security@ may be a group).
  bool must_not_ack_apart_from_list = false;
  bool is_bulk = false;                ///< list or bulk headers
  bool suppresses_auto_reply = false;  ///< X-Auto-Response-Suppress asks for silence
  std::string list_id;                 ///< content of List-Id's <>, or X-Google-Group-Id
  std::string original_from;           ///< X-Original-From or X-Original-Sender address
  std::optional<Arf> arf;
  std::vector<Authentication> authentication;  ///< topmost first; only the first may be believed
  bool encrypted = false;                      ///< PGP or S/MIME, inline or MIME
  /// Of from, sender, reply-to, subject, message-id and date: those whose field stands there twice.
  /// Everywhere here the first counts; another reader may have believed the second.
  std::vector<std::string> doubled_fields;
  bool lossy_charset = false;    ///< some text could only be guessed
  bool unparsed = false;         ///< limits or a crash stopped the reader; only the header was read
  std::string unparsed_because;  ///< one of our words: "too_deep", "too_many_parts", "crashed", …
  std::optional<UtcTime> topmost_received;  ///< date of the topmost Received field
  /// What identifies the content (raw From, Date, Message-ID, Subject and body without
  /// trace fields), SHA-256, 64 hex characters; the caller keys it before it is stored.
  std::string content_sha256;
};

}  // namespace trust::mail
