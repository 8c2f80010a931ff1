#include <algorithm>
#include <nlohmann/json.hpp>

#include "intake/answer/letter.h"
#include "intake/answer/register.h"
#include "intake/case/history_store.h"
#include "intake/case/mail_store.h"
#include "intake/case/promise.h"
#include "intake/desk/case_view.h"
#include "intake/desk/desk.h"
#include "lib/base/ascii.h"
#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/retry.h"
#include "lib/store/transact.h"

namespace trust::intake {

namespace {

using nlohmann::json;
using store::Connection;

constexpr std::size_t kLongestWords = 256U << 10U;
constexpr std::size_t kLongestIncident = 100;

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The Message-ID of the last mail of its reporter, or else of the mail that opened the case.
Result<std::string> last_message_id(Connection& connection, const Case& c) {
  const Result<std::vector<StoredMail>> mails = MailStore{connection}.of_case(c.id);
  if (!mails) return mails.error();
  std::string last;
  for (const StoredMail& mail : *mails)
    if (mail.relation == "first" || mail.relation == "follow_up") last = mail.message_id;
  return last;
}

bool is_incident_id(std::string_view id) {
  return id.size() <= kLongestIncident &&
         all_of(id, [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

Status check_words(std::string_view words) {
  if (words.size() > kLongestWords) return Error{Fault::invalid, "the text is longer than 256 KiB"};
  if (!is_valid_utf8(words)) return Error{Fault::invalid, "the text is not UTF-8"};
  return ok();
}

/// Whether the case is one that this request may answer.
Status may_answer(const AnswerRequest& request, const Case& c) {
  if (request.outcome == Outcome::reply) return ok();
  if (c.state == "look")
    return Error{Fault::conflict,
                 c.id + " is a look; make it a report first: `report " + c.id + "`"};
  if (request.anyway) return ok();
  const bool is_seen = !request.seen_version || *request.seen_version == c.version;
  if (c.state == "open" && (is_seen || !c.answered)) return ok();
  return Error{Fault::conflict, c.id + " was " + c.state + (c.state == "open" ? " again" : "") +
                                    " meanwhile; look at it (`show " + c.id +
                                    "`), then use --anyway"};
}

/// What the register says about the incident or post-mortem that is pointed to: a warning, or "".
Result<std::string> look_up(const AnswerRequest& request,
                            const std::function<Result<std::string>()>& read_register) {
  const bool names_url = request.outcome == Outcome::post_mortem;
  const bool names_incident = request.outcome == Outcome::tracking && !request.incident.empty();
  if (names_url && !is_plain_https_url(request.url))
    return Error{Fault::invalid, "post-mortem needs its address: https://…"};
  if (names_incident && !is_incident_id(request.incident))
    return Error{Fault::invalid, "--incident takes an id such as 2026-11-24-haven-dns"};
  if (!names_url && !names_incident) return std::string{};
  if (!read_register)
    return std::string{names_url ? "no register is configured: nobody checked that address" : ""};

  const Result<std::string> text = read_register();
  if (!text) return text.error().within("register");
  const Result<Register> known = Register::from_json(*text);
  if (!known) return known.error();
  if (names_incident)
    return std::string{known->find_id(request.incident) == nullptr
                           ? "the register does not list that incident"
                           : ""};
  const RegisteredIncident* const found = known->find_url(request.url);
  if (found == nullptr)
    return Error{Fault::invalid, "the register has no post-mortem at that address"};
  if (!found->has_post_mortem())
    return Error{Fault::invalid, "no post-mortem is out at that address: the register calls it " +
                                     to_display(cut_utf8(found->status, 30), Newlines::to_space) +
                                     "; use `tracking --incident ID` until it is"};
  return std::string{};
}

}  // namespace

/// What can be settled before the store is changed.
struct Desk::Prepared {
  AnswerRequest request;
  config::Person by;
  std::string warning;
};

Result<Desk::Prepared> Desk::prepare(const AnswerRequest& request) {
  Result<config::Person> by = staff_member(request.by);
  if (!by) return by.error();
  if (Status good = check_words(request.words); !good) return good.error();
  Result<std::string> warning = look_up(request, settings_.read_register);
  if (!warning) return warning.error();
  Prepared prepared{request, *std::move(by), *std::move(warning)};
  prepared.request.case_id = case_name(request.case_id);
  return prepared;
}

Result<Outgoing> Desk::write(Connection& connection, const Case& c, const AnswerRequest& request) {
  const Result<std::string> in_reply_to = last_message_id(connection, c);
  if (!in_reply_to) return in_reply_to.error();
  const LetterFacts facts{.c = c,
                          .outcome = request.outcome,
                          .words = request.words,
                          .incident = request.outcome == Outcome::tracking ? request.incident : "",
                          .url = request.outcome == Outcome::post_mortem ? request.url : "",
                          .in_reply_to = *in_reply_to};
  return compose_letter(facts, {settings_.identity, t_.keyring, t_.letters, t_.clock.now()});
}

Result<Answered> Desk::preview(const AnswerRequest& request) {
  const Result<Prepared> prepared = prepare(request);
  if (!prepared) return prepared.error();
  const Result<Case> found = CaseStore{t_.connection}.find(prepared->request.case_id);
  if (!found) return found.error();
  if (Status allowed = may_answer(prepared->request, *found); !allowed) return allowed.error();
  Result<Outgoing> mail = write(t_.connection, *found, prepared->request);
  if (!mail) return mail.error();
  return Answered{*std::move(mail), prepared->warning};
}

Result<Answered> Desk::answer(const AnswerRequest& given) {
  const Result<Prepared> prepared = prepare(given);
  if (!prepared) return prepared.error();
  const AnswerRequest& request = prepared->request;
  const UtcTime now = t_.clock.now();
  // If we die here, then nothing was queued and no promise is met; after the commit both stand.
  Result<Outgoing> mail = store::transact(t_.connection, [&](Connection& c) -> Result<Outgoing> {
    Result<Case> held = CaseStore{c}.hold(request.case_id);
    if (!held) return held.error();
    if (const Status allowed = may_answer(request, *held); !allowed) return allowed.error();
    Result<Outgoing> written = write(c, *held, request);
    if (!written) return written;
    const Status done = record(c, *held, request, prepared->by, *written, now);
    return done ? written : done.error();
  });
  if (!mail) return mail.error();
  log(Event::case_answered, {{"case", request.case_id}, {"outcome", name_of(request.outcome)}});
  return Answered{*std::move(mail), prepared->warning};
}

Status Desk::record(Connection& connection, Case& held, const AnswerRequest& request,
                    const config::Person& by, const Outgoing& mail, UtcTime now) {
  CaseStore cases{connection};
  const CaseStore::Answer copy{.id = random_id(),
                               .case_id = held.id,
                               .outcome = std::string{name_of(request.outcome)},
                               .incident = request.incident,
                               .url = request.url,
                               .words = request.words,
                               .by = by.address,
                               .at = now,
                               .message_id = mail.message_id,
                               .message = mail.message};
  if (Status kept = cases.add_answer(copy); !kept) return kept;
  constexpr auto kKind = outbox::Kind::answer;
  const Result<bool> queued = outbox::OutboxStore{connection}.add(
      {kKind, copy.id, mail.envelope_from, mail.recipient, mail.message, mail.message_id, now,
       now + outbox::lifetime_of(kKind)},
      now);
  if (!queued) return queued.error();
  if (Status noted = cases.add_message_id(held.id, mail.message_id, /*ours=*/true); !noted)
    return noted;
  const json detail{{"by", by.address}, {"answer", copy.id}, {"outcome", copy.outcome}};
  HistoryStore history{connection};
  if (request.outcome == Outcome::reply)
    return history.append(held.id, "reply", now, Actor::staff, dump(detail));

  const Result<int> met = cases.meet(held.id, "response", now);
  if (!met) return met.error();
  held.state = "answered";
  held.answered = now;
  held.outcome = copy.outcome;
  held.incident = copy.incident;
  held.post_mortem_url = copy.url;
  if (request.outcome == Outcome::bounty && held.kind != "vulnerability") {
    // A person found that it is one: its triage counts from its arrival all the same.
    held.kind = "vulnerability";
    if (Status promised = promise_triage(connection, held); !promised) return promised;
  }
  if (Status written = cases.update(held); !written) return written;
  return history.append(held.id, "answered", now, Actor::staff, dump(detail));
}

Status Desk::promise_triage(Connection& connection, const Case& c) {
  const Result<StoredMail> first = MailStore{connection}.find(c.first_mail);
  if (!first) return first.error();
  return add_triage(connection, c, c.received, first->received_by, t_.calendar);
}

Result<Case> Desk::change(const std::string& case_id, const std::string& by, std::string_view what,
                          const Act& act) {
  const Result<config::Person> member = staff_member(by);
  if (!member) return member.error();
  const std::string id = case_name(case_id);
  const Changer changer{Actor::staff, member->address, t_.clock.now()};
  Result<Case> changed = store::transact(t_.connection, [&](Connection& c) -> Result<Case> {
    Result<Case> held = CaseStore{c}.hold(id);
    if (!held) return held;
    if (const Status acted = act(c, *held, changer); !acted) return acted.error();
    return held;
  });
  if (changed) log(Event::case_changed, {{"case", id}, {"change", what}});
  return changed;
}

Result<Case> Desk::report(const std::string& case_id, const std::string& by) {
  return change(case_id, by, "report",
                [&](Connection& connection, Case& held, const Changer& changer) -> Status {
                  const Result<StoredMail> first = MailStore{connection}.find(held.first_mail);
                  if (!first) return first.error();
                  return become_report(connection, held, first->received_by, t_.calendar, changer);
                });
}

Result<Case> Desk::acknowledge(const std::string& case_id, const std::string& by) {
  return change(
      case_id, by, "acknowledge",
      [](Connection& connection, Case& held, const Changer& changer) -> Status {
        if (held.reporter_address.empty())
          return Error{Fault::invalid, held.id + " has no address that can be written to"};
        if (held.state != "open")
          return Error{Fault::conflict, held.id + " is " + held.state +
                                            ": it awaits no answer that an "
                                            "acknowledgment could promise"};
        if (held.acknowledgment == "queued" || held.acknowledgment == "pending")
          return Error{Fault::conflict, held.id + " has its acknowledgment already"};
        held.acknowledgment = "pending";
        held.acknowledgment_because = "ordered";
        if (Status set = CaseStore{connection}.set_acknowledgment(held.id, "pending", "ordered");
            !set)
          return set;
        return HistoryStore{connection}.append(held.id, "acknowledgment_ordered", changer.at,
                                               changer.actor, dump({{"by", changer.by}}));
      });
}

Result<Case> Desk::note(const std::string& case_id, const std::string& words,
                        const std::string& by) {
  if (Status good = check_words(words); !good) return good.error();
  if (trim(words).empty()) return Error{Fault::invalid, "a note needs words"};
  return change(case_id, by, "note", [&](Connection& c, Case& held, const Changer& changer) {
    return HistoryStore{c}.append(held.id, "note", changer.at, changer.actor,
                                  dump({{"by", changer.by}, {"words", words}}));
  });
}

Result<Case> Desk::close(const std::string& case_id, const std::string& as, const std::string& by) {
  return change(
      case_id, by, "close", [&](Connection& c, Case& held, const Changer& changer) -> Status {
        CaseStore cases{c};
        if (held.state == "closed")
          return Error{Fault::conflict, held.id + " is closed already, as " + held.closed_as};
        const Result<std::vector<Promise>> promises = cases.promises_of(held.id);
        if (!promises) return promises.error();
        const bool owes = std::any_of(promises->begin(), promises->end(),
                                      [](const Promise& p) { return p.is_open(); });
        if (as == "done" && (owes || held.state == "open"))
          return Error{Fault::conflict, held.id + " still owes its reporter an answer: `answer " +
                                            held.id + " …`, or close it as spam or duplicate"};
        if (Status done = cases.make_void(held.id, as, changer.at); !done) return done;
        held.state = "closed";
        held.closed_as = as;
        if (Status done = cases.update(held); !done) return done;
        return HistoryStore{c}.append(
            held.id, "closed", changer.at, changer.actor,
            dump({{"by", changer.by}, {"as", as}, {"promise", owes ? "void" : "none"}}));
      });
}

}  // namespace trust::intake
