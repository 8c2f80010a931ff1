#include "intake/flow/new_case.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "intake/case/case_id.h"
#include "intake/case/promise.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"

namespace trust::intake {

namespace {

using nlohmann::json;

constexpr std::size_t kSubjectBytes = 500;
constexpr std::size_t kNameBytes = 200;

std::string times_json(const std::vector<NamedTime>& times) {
  json list = json::array();
  for (const NamedTime& time : times)
    list.push_back({{"utc", to_rfc3339(time.utc)}, {"words", time.words}});
  return list.dump(-1, ' ', false, json::error_handler_t::replace);
}

void mark(Case& c, const ReadMail& mail, const Joining& joining) {
  if (mail.stored.truncated) add_mark(c, "too large, see mailbox");
  if (mail.parsed.unparsed) add_mark(c, "could not be read in full: see the raw mail");
  if (mail.parsed.lossy_charset) add_mark(c, "some characters could only be guessed");
  if (mail.understood.sender.replaced)
    add_mark(c, "came through a group: the sender is read from another field");
  if (c.reporter_address.empty()) add_mark(c, "nobody can be answered");
  if (joining.forged) add_mark(c, "forged thread id");
  if (!joining.case_id.empty()) add_mark(c, "claims to belong to " + joining.case_id);
  for (const std::string& name : mail.parsed.doubled_fields)
    add_mark(c, "header field twice: " + name);
}

}  // namespace

void add_mark(Case& c, const std::string& mark) {
  if (std::find(c.marks.begin(), c.marks.end(), mark) == c.marks.end()) c.marks.push_back(mark);
}

Owed acknowledgment_owed(const ReadMail& mail, const Case& c) {
  if (mail.understood.sender.is_ourselves) return {"not_owed", "ourselves"};
  if (c.reporter_address.empty()) return {"not_owed", "no_address"};
  // A look that becomes a report is acknowledged then, unless its header forbids it for good.
  if (c.state == "look")
    return {"not_owed",
            mail.parsed.must_not_ack || mail.parsed.suppresses_auto_reply ? "forbidden" : "look"};
  if (!mail.understood.may_acknowledge) return {"not_owed", "forbidden"};
  if (mail.stored.folder == kImportedToTell) return {"pending", ""};
  if (mail.stored.folder == kImported) return {"not_owed", "imported"};
  if (mail.stored.first_seen - mail.stored.received > kAcknowledgeWithin ||
      !is_arrival_sure(mail.stored.received_by))
    return {"not_owed", "old"};
  return {"pending", ""};
}

Case new_case(const ReadMail& mail, const Joining& joining, const Identity& identity, UtcTime now) {
  const Understood& u = mail.understood;
  Case c;
  c.id = new_case_id();
  c.state = opens_promise(u.kind) ? "open" : "look";
  c.kind = u.kind == MailKind::vulnerability ? "vulnerability" : "symptom";
  c.urgent = u.urgent;
  c.encrypted = u.encrypted;
  const Result<std::string> address = mail::strict_address(u.sender.address.address);
  if (address && !is_our_address(*address, identity)) c.reporter_address = *address;
  c.reporter_name = cut_utf8(u.sender.address.name, kNameBytes);
  c.dmarc = u.authentication.dmarc;
  c.subject = cut_utf8(mail.parsed.subject, kSubjectBytes);
  c.services = u.services;
  c.times = times_json(u.times);
  if (c.state == "look")
    c.look_because = u.kind == MailKind::look ? u.look_because : std::string{name_of(u.kind)};
  c.first_mail = c.notice_mail = mail.stored.id;
  c.received = mail.stored.received;
  c.opened = now;
  const Owed owed = acknowledgment_owed(mail, c);
  c.acknowledgment = owed.state;
  c.acknowledgment_because = owed.because;
  c.notice = c.state == "look" ? "none" : "pending";
  mark(c, mail, joining);
  return c;
}

}  // namespace trust::intake
