#pragma once

/// intake/report: what a mail says. Pure: values in, values out; no store, no network.
///   understand.*    ParsedMail -> Understood: what it is, how urgent, who is answered, what lacks
///   service_book.*  the services and the names people call them by (config/services.json)
///   report_times.*  the times a text names;  time_tokens.*  its words of time
/// Nothing is lost by a guess: what is doubtful is a `look`, and each look says why.
/// Not here: which case it belongs to (case/joining), budgets and clocks (answer/, clock/, flow/).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intake/report/report_times.h"
#include "intake/report/service_book.h"
#include "lib/base/names.h"
#include "lib/mail/message.h"

namespace trust::intake {

enum class MailKind { symptom, vulnerability, bounce, auto_reply, bulk, look };
constexpr Names<MailKind, 6> names(MailKind) {
  return {"symptom", "vulnerability", "bounce", "auto_reply", "bulk", "look"};
}
/// symptom and vulnerability open a case with a promise.
bool opens_promise(MailKind kind);

/// Where a mail stood and who we are. For `parse`, which knows nothing of this, the default will
/// do.
struct MailContext {
  std::optional<UtcTime> received;  ///< for "yesterday 14:00 UTC"; none: such times are not read
  std::string folder = "INBOX";     ///< as configured: "\\Junk", …
  std::vector<std::string> own_addresses;  ///< lower case; ours, never answered
  std::vector<std::string> own_lists;      ///< list ids, group ids or addresses that deliver to us
  std::string authserv_id;                 ///< whose results are believed; "" = the topmost of any
};

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

/// Whether a decoded subject begins with "SECURITY URGENT:" in any decoration: case, blanks of any
/// kind between and around, reply and forward marks of any language, [list tags], stars and
/// brackets around it, a dash or bracket in place of the colon.
bool says_security_urgent(std::string_view subject);

struct Understood {
  MailKind kind = MailKind::look;
  bool urgent = false;  ///< says SECURITY URGENT:, or is encrypted and nobody has looked yet
  bool encrypted = false;
  Sender sender;                        ///< who is the reporter, who would be answered
  mail::Authentication authentication;  ///< what may be believed; empty fields = unknown
  std::vector<std::string> services;    ///< ids of the book, in the book's order
  std::vector<NamedTime> times;         ///< in the text's order
  /// Which of "what", "when", "service" the acknowledgment asks for; empty for encrypted mail.
  std::vector<std::string> missing;
  /// Of a look: junk_folder | no_sender | own_address | automatic | abuse_report | empty.
  std::string look_because;
  /// The mail itself allows an acknowledgment (RFC 3834) and there is an address that can be
  /// written to. Age and budgets are asked elsewhere.
  bool may_acknowledge = false;
};

/// Linear in the text; times and services are looked for in its first 256 KiB.
Understood understand(const mail::ParsedMail& mail, const MailContext& context,
                      const ServiceBook& services);

}  // namespace trust::intake
