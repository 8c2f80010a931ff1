#include "intake/report/understand.h"

#include "intake/report/urgent.h"
#include "lib/base/ascii.h"
#include "lib/base/names.h"
#include "lib/base/words.h"
#include "lib/mail/address.h"

namespace trust::intake {

namespace {

constexpr std::size_t kMostText = 256U << 10U;
constexpr int kFewestLetters = 20;  // fewer say nothing about what was observed

/// What the writer says themselves: a reply's quoted history is ours or somebody else's words.
std::string_view own_words(const mail::ParsedMail& mail) {
  const bool is_reply = !mail.in_reply_to.empty() || !mail.references.empty();
  return is_reply && !mail.visible_reply.empty() ? mail.visible_reply : mail.text;
}

bool says_something(std::string_view text) {
  int letters = 0;
  for (const char c : text) {
    if ((is_letter(c) || static_cast<unsigned char>(c) >= 0x80) && ++letters >= kFewestLetters)
      return true;
  }
  return false;
}

bool is_empty(const mail::ParsedMail& mail) {
  return trim(mail.subject).empty() && trim(mail.text).empty() && mail.attachments.empty() &&
         !mail.encrypted && !mail.unparsed;
}

/// Why a mail that no machine wrote is still no report yet; "" if it is one.
std::string doubt(const mail::ParsedMail& mail, const MailContext& context, const Sender& sender,
                  bool automatic) {
  if (context.folder == "\\Junk") return "junk_folder";
  if (sender.is_ourselves) return "own_address";
  if (sender.address.address.empty()) return "no_sender";
  if (mail.arf) return "abuse_report";
  if (automatic) return "automatic";
  if (is_empty(mail)) return "empty";
  return "";
}

/// What may be turned into a report by nobody but a person.
bool is_never_a_report(std::string_view because) {
  return equals_any(because, "own_address|abuse_report|empty");
}

}  // namespace

std::string_view name_of(MailKind kind) {
  constexpr Names<MailKind, 6> kKinds{"symptom",    "vulnerability", "bounce",
                                      "auto_reply", "bulk",          "look"};
  return kKinds.of(kind);
}

bool opens_promise(MailKind kind) {
  return kind == MailKind::symptom || kind == MailKind::vulnerability;
}

Understood understand(const mail::ParsedMail& mail, const MailContext& context,
                      const ServiceBook& services) {
  Understood said;
  const bool prefix = says_security_urgent(mail.subject);
  said.encrypted = mail.encrypted;
  said.urgent = prefix || mail.encrypted;
  said.sender = sender_of(mail, context.own_addresses);
  said.authentication = believed_authentication(mail, context.authserv_id);

  const std::string_view words = cut_utf8(own_words(mail), kMostText);
  const std::string whole = mail.subject + '\n' + std::string{words};
  said.services = services.find(whole);
  said.times = times_in(whole, context.received);

  const bool by_own_list = came_by_own_list(mail, context.own_addresses, context.own_lists);
  const bool silent = by_own_list ? mail.must_not_ack_apart_from_list : mail.must_not_ack;
  const MailKind report = prefix ? MailKind::vulnerability : MailKind::symptom;
  const bool is_bulk = mail.is_bulk && !by_own_list;
  if (mail.is_bounce) {
    said.kind = MailKind::bounce;
  } else if (mail.is_auto_reply) {
    said.kind = MailKind::auto_reply;
  } else if (is_bulk && !said.urgent) {
    said.kind = MailKind::bulk;
  } else {
    said.look_because = doubt(mail, context, said.sender, silent && !is_bulk && !mail.unparsed);
    const bool vouched = said.authentication.dmarc == "pass" && !said.services.empty();
    const bool by_itself = (said.urgent || vouched) && !is_never_a_report(said.look_because);
    if (said.look_because.empty() || by_itself) {
      said.kind = report;
      said.look_because.clear();
    }
  }
  if (!opens_promise(said.kind) && said.kind != MailKind::look) said.urgent = false;

  if (!mail.encrypted) {
    if (!says_something(words) && mail.attachments.empty()) said.missing.push_back("what");
    if (said.times.empty()) said.missing.push_back("when");
    if (said.services.empty()) said.missing.push_back("service");
  }
  said.may_acknowledge = opens_promise(said.kind) && !said.sender.is_ourselves && !silent &&
                         !mail.suppresses_auto_reply &&
                         mail::strict_address(said.sender.address.address).has_value();
  return said;
}

}  // namespace trust::intake
