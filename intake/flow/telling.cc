#include "intake/flow/telling.h"

#include <nlohmann/json.hpp>

#include "intake/answer/letter.h"
#include "intake/answer/notice.h"
#include "intake/case/case_id.h"
#include "intake/case/history_store.h"
#include "intake/case/promise.h"
#include "lib/base/log.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/retry.h"

namespace trust::intake {

namespace {

using nlohmann::json;
using store::Connection;

constexpr int kPerAddressUnverified = 1;
constexpr int kPerAddressVerified = 10;
constexpr std::chrono::hours kDay{24};
constexpr std::chrono::hours kHour{1};

outbox::NewMail row_for(outbox::Kind kind, std::string reference, const Outgoing& mail,
                        UtcTime now) {
  return {.kind = kind,
          .reference = std::move(reference),
          .envelope_from = mail.envelope_from,
          .recipient = mail.recipient,
          .message = mail.message,
          .message_id = mail.message_id,
          .due = now,
          .expires = now + outbox::lifetime_of(kind)};
}

Result<AcknowledgmentFacts> facts_for(Connection& connection, const Case& c, const ReadMail& mail) {
  const Result<std::vector<Promise>> promises = CaseStore{connection}.promises_of(c.id);
  if (!promises) return promises.error();
  const Promise* const response = open_promise(*promises, "response");
  if (response == nullptr)
    return Error{Fault::conflict, c.id + " has no open promise that could be acknowledged"};
  const Promise* const triage = open_promise(*promises, "triage");
  AcknowledgmentFacts facts;
  facts.case_id = c.id;
  facts.recipient = c.reporter_address;
  facts.in_reply_to = mail.parsed.message_id;
  facts.vulnerability = c.kind == "vulnerability";
  facts.answer = derivation_of(*response).due;
  if (triage != nullptr) facts.triage = derivation_of(*triage).due;
  facts.missing = mail.understood.missing;
  return facts;
}

/// No acknowledgment after all.
Status stay_silent(Connection& connection, const Case& c, std::string_view state,
                   const std::string& because, UtcTime now) {
  if (Status done = CaseStore{connection}.set_acknowledgment(c.id, state, because); !done)
    return done;
  return HistoryStore{connection}.append(c.id, "not_acknowledged", now, Actor::program,
                                         json{{"because", because}}.dump());
}

}  // namespace

std::string over_budget(std::string_view dmarc, const CaseStore::Given& given, int per_hour) {
  if (dmarc == "pass") return given.to_who < kPerAddressVerified ? "" : "address_day";
  if (given.to_who >= kPerAddressUnverified) return "address_day";
  return given.to_unauthenticated < per_hour ? "" : "all_hour";
}

Result<int> acknowledge_reporter(const FlowTools& tools, const FlowSettings& settings,
                                 const std::string& case_id) {
  const UtcTime now = tools.clock.now();
  int queued = 0;
  std::string silent_because;
  const Status done = tools.connection.transaction([&](Connection& connection) -> Status {
    queued = 0;
    silent_because.clear();
    CaseStore cases{connection};
    const Result<Case> held = cases.hold(case_id);
    if (!held) return held.error();
    const Case& c = *held;
    if (c.acknowledgment != "pending") return ok();

    const std::string who =
        tools.keyring.digest("acknowledged", without_extension(c.reporter_address));
    if (c.acknowledgment_because != "ordered") {
      const auto given = cases.acknowledgments(who, now - kDay, now - kHour);
      if (!given) return given.error();
      silent_because = over_budget(c.dmarc, *given, settings.acknowledgments_per_hour);
      if (!silent_because.empty())
        return stay_silent(connection, c, "over_budget", silent_because, now);
    }

    const Result<ReadMail> mail = read_mail(connection, c.first_mail, settings, tools.services);
    if (!mail) return mail.error();
    const Result<AcknowledgmentFacts> facts = facts_for(connection, c, *mail);
    if (!facts && facts.error().fault() == Fault::conflict) {
      silent_because = "answered";  // a person was faster
      return stay_silent(connection, c, "not_owed", silent_because, now);
    }
    if (!facts) return facts.error();
    const Result<Outgoing> out =
        compose_acknowledgment(*facts, {settings.identity, tools.keyring, tools.letters, now});
    if (!out) return out.error();
    const Result<bool> added = outbox::OutboxStore{connection}.add(
        row_for(outbox::Kind::acknowledgment, c.id, *out, now), now);
    if (!added) return added.error();
    if (*added) {
      queued = 1;
      if (Status noted = cases.add_message_id(c.id, out->message_id, /*ours=*/true); !noted)
        return noted;
    }
    const auto counted = cases.add_acknowledgment(c.id, who, c.dmarc == "pass", now);
    if (!counted) return counted.error();
    if (Status noted = cases.set_acknowledgment(c.id, "queued", c.acknowledgment_because); !noted)
      return noted;
    return HistoryStore{connection}.append(
        c.id, "acknowledged", now, Actor::program,
        json{{"promised", to_rfc3339(facts->answer.due)}}.dump());
  });
  if (!done) return done.error();
  if (!silent_because.empty())
    log(Event::not_acknowledged, {{"case", case_id}, {"reason", silent_because}});
  if (queued > 0) log(Event::acknowledged, {{"case", case_id}});
  return queued;
}

Result<int> queue_for_staff(store::Connection& connection, const FlowSettings& settings,
                            const std::string& reference, UtcTime now,
                            const std::function<Result<Outgoing>(const std::string&)>& write) {
  int queued = 0;
  for (const std::string& person : settings.staff) {
    const Result<Outgoing> out = write(person);
    if (!out) return out.error();
    const Result<bool> added = outbox::OutboxStore{connection}.add(
        row_for(outbox::Kind::notice, reference + person, *out, now), now);
    if (!added) return added.error();
    if (*added) ++queued;
  }
  return queued;
}

Result<int> notify_staff(const FlowTools& tools, const FlowSettings& settings,
                         const std::string& case_id) {
  const UtcTime now = tools.clock.now();
  int queued = 0;
  std::string kind;
  const Status done = tools.connection.transaction([&](Connection& connection) -> Status {
    queued = 0;
    CaseStore cases{connection};
    const Result<Case> held = cases.hold(case_id);
    if (!held) return held.error();
    const Case& c = *held;
    if (c.notice != "pending") return ok();
    kind = c.urgent ? "urgent" : "new";

    const Result<ReadMail> mail = read_mail(connection, c.notice_mail, settings, tools.services);
    if (!mail) return mail.error();
    const Result<std::vector<Promise>> promises = cases.promises_of(c.id);
    if (!promises) return promises.error();
    NoticeFacts facts{.c = c,
                      .received = mail->stored.received,
                      .promises = *promises,
                      .services = {},
                      .words = mail->parsed.text,
                      .attachments = static_cast<int>(mail->parsed.attachments.size())};
    for (const std::string& id : c.services)
      facts.services.emplace_back(tools.services.name_of(id));
    const bool is_old =
        !c.urgent && mail->stored.first_seen - mail->stored.received > kAcknowledgeWithin;
    const std::string today = to_iso_day(std::chrono::floor<std::chrono::days>(now));
    const Result<int> told = queue_for_staff(
        connection, settings, is_old ? "backlog/" + today + "/" : c.id + "/" + c.notice_mail + "/",
        now, [&](const std::string& person) {
          const Pen pen{settings.identity, tools.keyring, tools.letters, now};
          return is_old ? compose_backlog(person, pen) : compose_notice(facts, person, pen);
        });
    if (!told) return told.error();
    queued = *told;
    if (is_old) kind = "backlog";
    return cases.set_notice(c.id, "queued", c.notice_mail);
  });
  if (!done) return done.error();
  if (queued > 0) log(Event::notice_queued, {{"case", case_id}, {"kind", kind}});
  return queued;
}

}  // namespace trust::intake
