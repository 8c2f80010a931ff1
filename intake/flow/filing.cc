#include "intake/flow/filing.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "intake/case/case_id.h"
#include "intake/case/case_store.h"
#include "intake/case/history_store.h"
#include "intake/case/joining.h"
#include "intake/case/mail_store.h"
#include "intake/case/promise.h"
#include "intake/flow/new_case.h"
#include "intake/flow/reading.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/store/transact.h"

namespace trust::intake {

namespace {

using nlohmann::json;
using store::Connection;

constexpr std::size_t kMostIds = 100;

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// One mail, inside the transaction that files it.
class Filing {
 public:
  Filing(const FlowTools& tools, const FlowSettings& settings, Connection& connection,
         const ReadMail& mail, UtcTime now)
      : tools_{tools},
        settings_{settings},
        connection_{connection},
        mail_{mail},
        now_{now},
        cases_{connection},
        mails_{connection} {}

  /// Every place a mail can have, in the order in which they are tried.
  Result<Filed> file() {
    if (equals_ignoring_case(mail_.stored.folder, "\\Sent")) return sent();
    if (Result<std::optional<Filed>> place = our_own_mail(); !place || *place) return settle(place);
    if (Result<std::optional<Filed>> place = a_copy(); !place || *place) return settle(place);
    if (Result<std::optional<Filed>> place = a_machine_answers(); !place || *place)
      return settle(place);
    const Result<Joining> joining = where_it_belongs();
    if (!joining) return joining.error();
    if (joining->how == Joining::How::new_case) return open(*joining);
    return join(*joining);
  }

 private:
  const mail::ParsedMail& parsed() const { return mail_.parsed; }
  const Understood& understood() const { return mail_.understood; }
  const std::string& sender() const { return mail_.stored.from_address; }
  bool is_by_machine() const {
    return understood().kind == MailKind::bounce || understood().kind == MailKind::auto_reply;
  }
  bool is_from_staff() const {
    return std::find(settings_.staff.begin(), settings_.staff.end(), sender()) !=
           settings_.staff.end();
  }

  static Result<Filed> settle(Result<std::optional<Filed>>& place) {
    if (!place) return place.error();
    return **std::move(place);
  }

  /// parsed -> filed, and the history of the case says so.
  Result<Filed> put(const std::string& case_id, const std::string& relation, bool opened = false) {
    StoredMail stored;
    stored.id = mail_.stored.id;
    stored.kind = name_of(understood().kind);
    stored.case_id = case_id;
    stored.relation = relation;
    const Result<bool> filed = mails_.file(stored);
    if (!filed) return filed.error();
    if (!*filed) return Error{Fault::conflict, "mail " + stored.id + " was filed meanwhile"};
    if (case_id.empty()) return Filed{.now = true, .relation = relation};
    const json detail{{"mail", stored.id}, {"relation", relation}, {"kind", stored.kind}};
    const Actor actor =
        relation == "first" || relation == "follow_up" ? Actor::reporter : Actor::program;
    if (Status noted = history(case_id, "mail", actor, detail); !noted) return noted.error();
    return Filed{.now = true, .opened = opened, .case_id = case_id, .relation = relation};
  }

  Status history(const std::string& case_id, std::string_view kind, Actor actor,
                 const json& detail) {
    return HistoryStore{connection_}.append(case_id, kind, now_, actor, dump(detail));
  }

  Result<bool> exists(const std::string& case_id) {
    const Result<Case> found = cases_.find(case_id);
    if (found) return true;
    if (found.error().fault() == Fault::not_found) return false;
    return found.error();
  }

  TokenProof proof_by(const std::vector<std::string>& addresses,
                      const std::vector<std::string>& ids) const {
    std::vector<std::string> patterns{address_pattern(settings_.identity.address)};
    if (settings_.identity.reply_to) patterns.push_back(to_lower(*settings_.identity.reply_to));
    return find_token(tools_.keyring, patterns, addresses, ids);
  }

  /// The proof that stands in the mail's addresses or in the ids it refers to. A token for a case
  /// that is gone proves nothing.
  Result<TokenProof> proof() {
    std::vector<std::string> addresses = parsed().to;
    addresses.insert(addresses.end(), parsed().cc.begin(), parsed().cc.end());
    addresses.insert(addresses.end(), parsed().delivered_to.begin(), parsed().delivered_to.end());
    TokenProof proof = proof_by(addresses, referred_ids());
    if (!proof.case_id) return proof;
    const Result<bool> there = exists(*proof.case_id);
    if (!there) return there.error();
    if (!*there) proof.case_id.reset();
    return proof;
  }

  std::vector<std::string> referred_ids() const {
    std::vector<std::string> ids = parsed().in_reply_to;
    // The last references are the nearest.
    ids.insert(ids.end(), parsed().references.rbegin(), parsed().references.rend());
    if (ids.size() > kMostIds) ids.resize(kMostIds);
    return ids;
  }

  /// A mail in the Sent folder: linked where it carries a signed id of ours, else only kept.
  Result<Filed> sent() {
    std::vector<std::string> ids = referred_ids();
    ids.push_back(parsed().message_id);
    const TokenProof proof = proof_by({}, ids);
    if (!proof.case_id) return put("", "sent");
    const Result<bool> there = exists(*proof.case_id);
    if (!there) return there.error();
    return *there ? put(*proof.case_id, "ours") : put("", "sent");
  }

  /// What we sent ourselves and find again (a copy to our own address): linked, nothing more.
  Result<std::optional<Filed>> our_own_mail() {
    if (!is_our_address(parsed().from.address, settings_.identity)) return std::optional<Filed>{};
    const TokenProof proof = proof_by({}, {parsed().message_id});
    if (!proof.case_id) return std::optional<Filed>{};
    const Result<bool> there = exists(*proof.case_id);
    if (!there) return there.error();
    if (!*there) return std::optional<Filed>{};
    return optional(put(*proof.case_id, "ours"));
  }

  /// The same words by the same sender once more: no second promise, no second acknowledgment.
  Result<std::optional<Filed>> a_copy() {
    const Result<std::string> digest = mails_.digest_content(mail_.stored.id);
    if (!digest) return digest.error();
    const auto twin = mails_.twin(mail_.stored.id, *digest, sender());
    if (!twin) return twin.error();
    if (!*twin || (*twin)->case_id.empty()) return std::optional<Filed>{};
    const std::string case_id = (*twin)->case_id;
    const Result<Case> held = cases_.hold(case_id);
    if (!held) return held.error();
    Case c = *held;
    // The copy in the junk folder came first: this one says that it is a report.
    if (c.state == "look" && opens_promise(understood().kind)) {
      if (understood().kind == MailKind::vulnerability) c.kind = "vulnerability";
      if (Status raised = raise_look(c); !raised) return raised.error();
    }
    return optional(put(case_id, "copy"));
  }

  /// A bounce or an automatic answer to a mail of ours: it moves no clock and is never answered.
  Result<std::optional<Filed>> a_machine_answers() {
    if (!is_by_machine()) return std::optional<Filed>{};
    const Result<TokenProof> proven = proof();
    if (!proven) return proven.error();
    if (!proven->case_id) return std::optional<Filed>{};
    if (understood().kind == MailKind::bounce)
      if (Status returned = mail_returned(*proven->case_id); !returned) return returned.error();
    return optional(put(*proven->case_id, std::string{name_of(understood().kind)}));
  }

  /// A mail of ours came back for good: who was to have the answer does not have it.
  Status mail_returned(const std::string& case_id) {
    const bool for_good = std::any_of(parsed().bounces.begin(), parsed().bounces.end(),
                                      [](const mail::Bounce& b) { return b.hard; });
    if (!for_good) return ok();
    Result<Case> held = cases_.hold(case_id);
    if (!held) return held.error();
    Case& c = *held;
    add_mark(c, "a mail of ours did not reach the reporter");
    if (c.state != "answered") return cases_.update_marks(c);
    c.state = "open";
    if (Status done = cases_.update(c); !done) return done;
    return history(case_id, "reopened", Actor::program,
                   {{"because", "did not reach the reporter"}});
  }

  /// The table of proofs, with what the store knows filled in.
  Result<Joining> where_it_belongs() {
    JoiningFacts facts;
    const Result<TokenProof> proven = proof();
    if (!proven) return proven.error();
    facts.forged_token = proven->forged;
    if (proven->case_id) {
      const Result<bool> on_case = is_sender_on(*proven->case_id);
      if (!on_case) return on_case.error();
      facts.token = {{*proven->case_id, *on_case}};
    }
    const auto named = cases_.cases_of_message_ids(referred_ids());
    if (!named) return named.error();
    for (const std::string& case_id : *named) {
      const Result<bool> on_case = is_sender_on(case_id);
      if (!on_case) return on_case.error();
      facts.ids.push_back({case_id, *on_case});
    }
    facts.dmarc = understood().authentication.dmarc;
    return decide_joining(facts);
  }

  Result<bool> is_sender_on(const std::string& case_id) {
    if (sender().empty()) return false;
    const Result<Case> found = cases_.find(case_id);
    if (!found) {
      if (found.error().fault() == Fault::not_found) return false;
      return found.error();
    }
    if (found->reporter_address == sender()) return true;
    return mails_.wrote_to(sender(), case_id);
  }

  Result<Filed> join(const Joining& joining) {
    Result<Case> held = cases_.hold(joining.case_id);
    if (!held) return held.error();
    const bool is_reporter = joining.how == Joining::How::joined;
    if (!is_by_machine())
      if (Status told = somebody_wrote(*held, is_reporter); !told) return told.error();
    if (Status noted = cases_.add_message_id(held->id, parsed().message_id, /*ours=*/false); !noted)
      return noted.error();
    return put(held->id, is_reporter ? "follow_up" : "other_address");
  }

  /// On an open case a further mail moves no clock. On an answered or closed one it is promised an
  /// answer of its own, and the case returns to the queue. Who is answered never changes.
  Status somebody_wrote(Case& c, bool is_reporter) {
    if (!is_reporter) add_mark(c, "also written to from another address");
    if (c.state == "look") return raise_look(c);
    const bool comes_back = c.state != "open" && !(is_from_staff() && !is_reporter);
    const bool is_raised = is_reporter && understood().urgent && !c.urgent;
    if (is_raised) c.urgent = true;
    if (is_reporter && understood().kind == MailKind::vulnerability) c.kind = "vulnerability";
    if (!comes_back && !is_raised) return cases_.update_marks(c);
    if (comes_back) {
      c.state = "open";
      c.closed_as.clear();
    }
    if (Status done = cases_.update(c); !done) return done;
    if (Status done = cases_.set_notice(c.id, "pending", mail_.stored.id); !done) return done;
    if (!comes_back) return promise_triage(c);
    if (Status done = promise(c); !done) return done;
    return history(c.id, "reopened", Actor::reporter, {{"mail", mail_.stored.id}});
  }

  Status promise(const Case& c) {
    return add_promises(connection_, c, mail_.stored.received, mail_.stored.received_by,
                        tools_.calendar);
  }

  /// An open case turns out to be a vulnerability: its triage is promised from this mail on.
  Status promise_triage(const Case& c) {
    if (c.kind != "vulnerability") return ok();
    return add_triage(connection_, c, mail_.stored.received, mail_.stored.received_by,
                      tools_.calendar);
  }

  Status raise_look(Case& c) {
    const Result<StoredMail> first = mails_.find(c.first_mail);
    if (!first) return first.error();
    return become_report(connection_, c, first->received_by, tools_.calendar,
                         {Actor::program, "", now_});
  }

  Result<Filed> open(const Joining& joining) {
    Case c = new_case(mail_, joining, settings_.identity, now_);
    const Result<bool> known = mails_.is_known_message_id(mail_.stored.id, parsed().message_id);
    if (!known) return known.error();
    if (*known) add_mark(c, "another mail has the same Message-ID");
    const Result<bool> opened = cases_.open(c);
    if (!opened) return opened.error();
    if (!*opened) {  // that mail has opened a case before
      const auto before = cases_.id_opened_by(mail_.stored.id);
      if (!before) return before.error();
      return put(before->value_or(""), "first");
    }
    if (c.state == "open")
      if (Status promised = promise(c); !promised) return promised.error();
    if (Status noted = cases_.add_message_id(c.id, parsed().message_id, /*ours=*/false); !noted)
      return noted.error();
    const json detail{{"state", c.state},
                      {"kind", c.kind},
                      {"received", to_rfc3339(c.received)},
                      {"received_by", mail_.stored.received_by},
                      {"acknowledgment", c.acknowledgment_because}};
    if (Status noted = history(c.id, "opened", Actor::program, detail); !noted)
      return noted.error();
    return put(c.id, "first", /*opened=*/true);
  }

  static Result<std::optional<Filed>> optional(Result<Filed> filed) {
    if (!filed) return filed.error();
    return std::optional{*std::move(filed)};
  }

  const FlowTools& tools_;
  const FlowSettings& settings_;
  Connection& connection_;
  const ReadMail& mail_;
  const UtcTime now_;
  CaseStore cases_;
  MailStore mails_;
};

void log_filed(const ReadMail& mail, const Filed& filed) {
  log(Event::mail_filed,
      {{"mail", mail.stored.id}, {"kind", name_of(mail.understood.kind)}, {"case", filed.case_id}});
  if (filed.opened)
    log(Event::case_opened, {{"case", filed.case_id},
                             {"kind", name_of(mail.understood.kind)},
                             {"urgent", mail.understood.urgent ? 1 : 0}});
  else if (!filed.case_id.empty())
    log(Event::case_joined, {{"case", filed.case_id}, {"mail", mail.stored.id}});
}

}  // namespace

Result<Filed> file_parsed(const FlowTools& tools, const FlowSettings& settings,
                          const std::string& mail_id) {
  const Result<ReadMail> mail = read_mail(tools.connection, mail_id, settings, tools.services);
  if (!mail) return mail.error();
  if (mail->stored.stage == "filed") return Filed{};
  const UtcTime now = tools.clock.now();
  Result<Filed> filed = store::transact(tools.connection, [&](Connection& connection) {
    return Filing{tools, settings, connection, *mail, now}.file();
  });
  if (filed) log_filed(*mail, *filed);
  return filed;
}

}  // namespace trust::intake
