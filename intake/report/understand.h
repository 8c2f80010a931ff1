#pragma once

/// intake/report: what a mail says. Pure: values in, values out; no store, no network.
///   understand.*    ParsedMail -> Understood: what it is, how urgent, who is answered, what lacks
///   sender.*        who wrote it, and which authentication result may be believed
///   urgent.*        "SECURITY URGENT:" in any decoration
///   service_book.*  the services and the names people call them by (config/services.json)
///   report_times.*  the times a text names;  time_tokens.*  its words of time
/// Nothing is lost by a guess: what is doubtful is a `look`, and each look says why.
/// Not here: which case it belongs to (case/joining), budgets and clocks (answer/, clock/, flow/).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intake/report/report_times.h"
#include "intake/report/sender.h"
#include "intake/report/service_book.h"
#include "lib/mail/message.h"

namespace trust::intake {

enum class MailKind { symptom, vulnerability, bounce, auto_reply, bulk, look };
std::string_view name_of(MailKind kind);
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
