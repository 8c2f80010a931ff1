#include "intake/cli/case_json.h"

#include <nlohmann/json.hpp>

#include "lib/cli/output.h"

namespace trust::intake {

using cli::or_null;
using nlohmann::ordered_json;

namespace {

ordered_json parsed_or(const std::string& text, const ordered_json& otherwise) {
  ordered_json value = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? otherwise : value;
}

ordered_json days(const std::vector<UtcDay>& list) {
  auto out = ordered_json::array();
  for (const UtcDay day : list) out.push_back(to_iso_day(day));
  return out;
}

ordered_json to_json(const PromiseView& view) {
  const Promise& p = view.promise;
  return {{"kind", p.kind},
          {"start", to_rfc3339(p.start)},
          {"start_by", or_null(view.start_by)},
          {"due", to_rfc3339(p.due)},
          {"met", or_null(p.met)},
          {"void", or_null(p.voided)},
          {"provisional", p.provisional},
          {"calendar", p.calendar},
          {"counted", days(view.counted.counted)},
          {"holidays", days(view.counted.holidays)}};
}

ordered_json to_json(const MailView& view) {
  const StoredMail& m = view.mail;
  return {{"id", m.id},
          {"received", to_rfc3339(m.received)},
          {"received_by", m.received_by},
          {"folder", m.folder},
          {"kind", or_null(m.kind)},
          {"relation", or_null(m.relation)},
          {"from", or_null(view.parsed.from.address)},
          {"from_name", or_null(view.parsed.from.name)},
          {"subject", or_null(view.parsed.subject)},
          {"message_id", or_null(view.parsed.message_id)},
          {"bytes", m.size_bytes},
          {"truncated", m.truncated},
          {"unparsed", view.parsed.unparsed},
          {"text", or_null(view.parsed.text)}};
}

}  // namespace

ordered_json to_json(const Case& c) {
  return {{"case", c.id},
          {"state", c.state},
          {"version", c.version},
          {"kind", c.kind},
          {"urgent", c.urgent},
          {"encrypted", c.encrypted},
          {"reporter", or_null(c.reporter_address)},
          {"reporter_name", or_null(c.reporter_name)},
          {"dmarc", or_null(c.dmarc)},
          {"subject", or_null(c.subject)},
          {"services", c.services},
          {"times", parsed_or(c.times, ordered_json::array())},
          {"marks", c.marks},
          {"look_because", or_null(c.look_because)},
          {"assignee", or_null(c.assignee)},
          {"received", to_rfc3339(c.received)},
          {"answered", or_null(c.answered)},
          {"outcome", or_null(c.outcome)},
          {"incident", or_null(c.incident)},
          {"post_mortem_url", or_null(c.post_mortem_url)},
          {"closed_as", or_null(c.closed_as)},
          {"acknowledgment", c.acknowledgment},
          {"acknowledgment_because", or_null(c.acknowledgment_because)},
          {"notice", c.notice}};
}

ordered_json to_json(const QueuedCase& queued, UtcTime now) {
  ordered_json out = to_json(queued.c);
  out["due"] = or_null(queued.due);
  out["late"] = queued.due && *queued.due <= now;
  return out;
}

ordered_json to_json(const CaseView& view, UtcTime now) {
  ordered_json out = to_json(view.c);
  std::optional<UtcTime> due;
  auto& promises = out["promises"] = ordered_json::array();
  for (const PromiseView& p : view.promises) {
    promises.push_back(to_json(p));
    if (p.promise.is_open() && (!due || p.promise.due < *due)) due = p.promise.due;
  }
  out["due"] = or_null(due);
  out["late"] = due && *due <= now;
  auto& mails = out["mails"] = ordered_json::array();
  for (const MailView& m : view.mails) mails.push_back(to_json(m));
  auto& attachments = out["attachments"] = ordered_json::array();
  for (const NumberedAttachment& a : view.attachments)
    attachments.push_back(
        {{"n", a.n},
         {"mail", a.mail_id},
         {"name", or_null(a.attachment.name)},
         {"bytes", a.attachment.bytes ? ordered_json(*a.attachment.bytes) : ordered_json{}},
         {"type", a.attachment.type}});
  auto& answers = out["answers"] = ordered_json::array();
  for (const CaseStore::Answer& a : view.answers)
    answers.push_back({{"outcome", a.outcome},
                       {"incident", or_null(a.incident)},
                       {"url", or_null(a.url)},
                       {"by", a.by},
                       {"at", to_rfc3339(a.at)},
                       {"message_id", a.message_id},
                       {"words", a.words}});
  auto& history = out["history"] = ordered_json::array();
  for (const HistoryEntry& h : view.history)
    history.push_back({{"seq", h.seq},
                       {"kind", h.kind},
                       {"at", to_rfc3339(h.at)},
                       {"actor", h.actor},
                       {"detail", parsed_or(h.detail, ordered_json{})}});
  return out;
}

std::string kind_in_words(const Case& c) {
  return c.kind + (c.urgent ? " URGENT" : "") + (c.encrypted ? " encrypted" : "");
}

std::string acknowledgment_in_words(const Case& c) {
  std::string words = c.acknowledgment;
  if (words == "not_owed") words = "not owed";
  if (words == "over_budget") words = "not acknowledged (over the budget)";
  return c.acknowledgment_because.empty() ? words : words + ": " + c.acknowledgment_because;
}

}  // namespace trust::intake
