#include "intake/case/case_store.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/text.h"
#include "lib/store/rows.h"

namespace trust::intake {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

constexpr std::string_view kCaseTypes = "ttitiitttttttttiiittttttttt";

constexpr Sql kOpen{"open_case", R"sql(
    INSERT INTO cases (id, state, kind, urgent, encrypted, reporter_address, reporter_name, dmarc, subject, services,
                       times, marks, look_because, first_mail, received_at, opened_at, acknowledgment,
                       acknowledgment_because, notice, notice_mail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
    ON CONFLICT (first_mail) DO NOTHING RETURNING id)sql",
                    "t"};

constexpr Sql kFind{"find_case", R"sql(
    SELECT id, state, version, kind, urgent, encrypted, reporter_address, reporter_name, dmarc, subject, services,
           times, marks, look_because, assignee, received_at, opened_at, answered_at, first_mail, outcome, incident,
           post_mortem_url, closed_as, acknowledgment, acknowledgment_because, notice, notice_mail
    FROM cases WHERE id = $1)sql",
                    kCaseTypes};

// Writing a row locks it, on both stores, until the transaction ends.
constexpr Sql kHold{"hold_case", R"sql(
    UPDATE cases SET version = version WHERE id = $1
    RETURNING id, state, version, kind, urgent, encrypted, reporter_address, reporter_name, dmarc, subject, services,
              times, marks, look_because, assignee, received_at, opened_at, answered_at, first_mail, outcome, incident,
              post_mortem_url, closed_as, acknowledgment, acknowledgment_because, notice, notice_mail)sql",
                    kCaseTypes};

constexpr Sql kList{"list_cases", R"sql(
    SELECT id, state, version, kind, urgent, encrypted, reporter_address, reporter_name, dmarc, subject, services,
           times, marks, look_because, assignee, received_at, opened_at, answered_at, first_mail, outcome, incident,
           post_mortem_url, closed_as, acknowledgment, acknowledgment_because, notice, notice_mail, due_at
    FROM (SELECT c.*, (SELECT MIN(p.due_at) FROM promise p
                       WHERE p.case_id = c.id AND p.met_at IS NULL AND p.void_at IS NULL) AS due_at
          FROM cases c) AS q
    WHERE ($1 = 'all' OR state = $2) AND ($3 = '' OR assignee = $4) AND ($5 = 0 OR due_at <= $6)
      AND ($7 = '' OR LOWER(subject) LIKE $8 ESCAPE '!' OR reporter_address LIKE $9 ESCAPE '!'
           OR LOWER(id) LIKE $10 ESCAPE '!')
    ORDER BY CASE WHEN state = 'open' THEN -1 - urgent ELSE 0 END,
             CASE WHEN state = 'open' THEN COALESCE(due_at, 0) ELSE -received_at END, received_at, id
    LIMIT $11)sql",
                    "ttitiitttttttttiiittttttttti"};

constexpr Sql kUpdate{"update_case", R"sql(
    UPDATE cases SET state = $1, kind = $2, urgent = $3, marks = $4, look_because = $5, assignee = $6,
                     answered_at = $7, outcome = $8, incident = $9, post_mortem_url = $10, closed_as = $11,
                     version = version + 1
    WHERE id = $12 AND version = $13 RETURNING id)sql",
                      "t"};
constexpr Sql kMarks{"update_marks", "UPDATE cases SET marks = $1 WHERE id = $2"};
constexpr Sql kSetAcknowledgment{
    "set_acknowledgment",
    "UPDATE cases SET acknowledgment = $1, acknowledgment_because = $2 WHERE id = $3"};
constexpr Sql kSetNotice{"set_notice",
                         "UPDATE cases SET notice = $1, notice_mail = $2 WHERE id = $3"};

constexpr Sql kOpenedBy{"case_opened_by", "SELECT id FROM cases WHERE first_mail = $1", "t"};
constexpr Sql kToAcknowledge{"to_acknowledge", R"sql(
    SELECT id FROM cases WHERE acknowledgment = 'pending' AND id > $1 ORDER BY id LIMIT $2)sql",
                             "t"};
constexpr Sql kToNotice{"to_notice", R"sql(
    SELECT id FROM cases WHERE notice = 'pending' AND id > $1 ORDER BY id LIMIT $2)sql",
                        "t"};

constexpr Sql kAddPromise{"add_promise", R"sql(
    INSERT INTO promise (case_id, kind, start_at, due_at, provisional, calendar, derivation)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (case_id, kind, start_at)
    DO UPDATE SET void_at = NULL, void_because = '' WHERE promise.void_because = 'gone')sql"};
constexpr Sql kPromises{"promises_of_case", R"sql(
    SELECT case_id, kind, start_at, due_at, met_at, void_at, provisional, calendar, derivation
    FROM promise WHERE case_id = $1 ORDER BY start_at, due_at)sql",
                        "ttiiiiitt"};
constexpr Sql kDue{"promises_due", R"sql(
    SELECT case_id, kind, start_at, due_at, met_at, void_at, provisional, calendar, derivation
    FROM promise WHERE met_at IS NULL AND void_at IS NULL AND due_at <= $1 ORDER BY due_at, case_id)sql",
                   "ttiiiiitt"};
constexpr Sql kMeet{"meet_promise", R"sql(
    UPDATE promise SET met_at = $1 WHERE case_id = $2 AND kind = $3 AND met_at IS NULL AND void_at IS NULL
    RETURNING case_id)sql",
                    "t"};

constexpr Sql kVoid{"void_promises", R"sql(
    UPDATE promise SET void_at = $1, void_because = $2
    WHERE case_id = $3 AND met_at IS NULL AND void_at IS NULL)sql"};

constexpr Sql kAddMessageId{"add_message_id", R"sql(
    INSERT INTO case_message_id (message_id, case_id, ours) VALUES ($1, $2, $3)
    ON CONFLICT (message_id, case_id) DO NOTHING)sql"};
constexpr Sql kCasesOfId{"cases_of_message_id",
                         "SELECT case_id FROM case_message_id WHERE message_id = $1 LIMIT 10", "t"};

constexpr Sql kGivenTo{"acknowledged_to",
                       "SELECT COUNT(*) FROM acknowledgment WHERE who = $1 AND at > $2", "i"};
constexpr Sql kGivenAll{"acknowledged_all", R"sql(
    SELECT COUNT(*) FROM acknowledgment WHERE authenticated = 0 AND at > $1)sql",
                        "i"};
constexpr Sql kAcknowledge{"add_acknowledgment", R"sql(
    INSERT INTO acknowledgment (case_id, who, authenticated, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (case_id) DO NOTHING RETURNING case_id)sql",
                           "t"};

constexpr Sql kAddAnswer{"add_answer", R"sql(
    INSERT INTO answer (id, case_id, outcome, incident, url, words, by_address, at, message_id, message)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql"};
constexpr Sql kAnswers{"answers_of_case", R"sql(
    SELECT id, case_id, outcome, incident, url, words, by_address, at, message_id
    FROM answer WHERE case_id = $1 ORDER BY at)sql",
                       "tttttttit"};

constexpr Sql kCountSilent{"count_not_acknowledged", R"sql(
    SELECT COUNT(*) FROM cases WHERE state = 'open' AND acknowledgment = 'over_budget')sql",
                           "i"};
constexpr Sql kCountStates{"count_cases", "SELECT state, COUNT(*) FROM cases GROUP BY state", "ti"};
constexpr Sql kCountLate{"count_late", R"sql(
    SELECT COUNT(DISTINCT case_id) FROM promise WHERE met_at IS NULL AND void_at IS NULL AND due_at <= $1)sql",
                         "i"};

constexpr Sql kCountPromises{"count_promises", R"sql(
    SELECT kind || CASE WHEN due_at <= $1 THEN ' late' WHEN due_at <= $2 THEN ' due' ELSE ' open' END,
           COUNT(*) FROM promise WHERE met_at IS NULL AND void_at IS NULL GROUP BY 1)sql",
                             "ti"};

std::string to_list(const std::vector<std::string>& words) {
  return nlohmann::json(words).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> from_list(const std::string& text) {
  const auto list = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> words;
  if (list.is_array())
    for (const auto& word : list)
      if (word.is_string()) words.push_back(word.get<std::string>());
  return words;
}

Case case_from(const Row& row) {
  Case c;
  std::string services, marks;
  store::read(row, c.id, c.state, c.version, c.kind, c.urgent, c.encrypted, c.reporter_address,
              c.reporter_name, c.dmarc, c.subject, services, c.times, marks, c.look_because,
              c.assignee, c.received, c.opened, c.answered, c.first_mail, c.outcome, c.incident,
              c.post_mortem_url, c.closed_as, c.acknowledgment, c.acknowledgment_because, c.notice,
              c.notice_mail);
  c.services = from_list(services);
  c.marks = from_list(marks);
  return c;
}

Result<Case> one_case(const Result<Rows>& rows) {
  if (!rows) return rows.error();
  if (rows->empty())
    return Error{Fault::not_found, "no case has that id; `list --state all` shows them"};
  return case_from(rows->front());
}

Promise promise_from(const Row& row) {
  Promise p;
  store::read(row, p.case_id, p.kind, p.start, p.due, p.met, p.voided, p.provisional, p.calendar,
              p.derivation);
  return p;
}

/// A LIKE pattern for "contains these words", with '!' as its escape.
std::string containing(const std::string& words) {
  std::string pattern = "%";
  for (const char ch : words) {
    if (ch == '%' || ch == '_' || ch == '!') pattern += '!';
    pattern += ch;
  }
  return pattern + "%";
}

}  // namespace

Result<bool> CaseStore::open(const Case& c) {
  return store::any(c_.query(kOpen, {c.id,
                                     c.state,
                                     c.kind,
                                     c.urgent,
                                     c.encrypted,
                                     c.reporter_address,
                                     c.reporter_name,
                                     c.dmarc,
                                     c.subject,
                                     to_list(c.services),
                                     c.times,
                                     to_list(c.marks),
                                     c.look_because,
                                     c.first_mail,
                                     c.received,
                                     c.opened,
                                     c.acknowledgment,
                                     c.acknowledgment_because,
                                     c.notice,
                                     c.notice_mail}));
}

Result<Case> CaseStore::find(const std::string& id) { return one_case(c_.query(kFind, {id})); }

Result<Case> CaseStore::hold(const std::string& id) { return one_case(c_.query(kHold, {id})); }

Result<std::optional<std::string>> CaseStore::id_opened_by(const std::string& mail_id) {
  return store::first(c_.query(kOpenedBy, {mail_id}), store::text_of);
}

Status CaseStore::update(const Case& c) {
  const Result<Rows> rows = c_.query(
      kUpdate, {c.state, c.kind, c.urgent, to_list(c.marks), c.look_because, c.assignee, c.answered,
                c.outcome, c.incident, c.post_mortem_url, c.closed_as, c.id, c.version});
  if (!rows) return rows.error();
  if (rows->empty())
    return Error{Fault::conflict, "case " + c.id + " was changed meanwhile; look at it again"};
  return ok();
}

Status CaseStore::update_marks(const Case& c) {
  return c_.execute(kMarks, {to_list(c.marks), c.id});
}

Status CaseStore::set_acknowledgment(const std::string& id, std::string_view state,
                                     std::string_view because) {
  return c_.execute(kSetAcknowledgment, {state, because, id});
}

Status CaseStore::set_notice(const std::string& id, std::string_view state,
                             std::string_view mail_id) {
  return c_.execute(kSetNotice, {state, mail_id, id});
}

Result<std::vector<QueuedCase>> CaseStore::list(const CaseFilter& filter) {
  const std::string words = to_lower(trim(filter.search));
  const std::string pattern = containing(words);
  const Result<Rows> rows = c_.query(
      kList, {filter.state, filter.state, filter.assignee, filter.assignee, filter.late_only,
              filter.now, words, pattern, pattern, pattern, filter.limit});
  return store::all(rows, [](const Row& row) {
    return QueuedCase{case_from(row), row[27].maybe_time()};
  });
}

Result<std::vector<std::string>> CaseStore::to_acknowledge(const std::string& last, int limit) {
  return store::all(c_.query(kToAcknowledge, {last, limit}), store::text_of);
}

Result<std::vector<std::string>> CaseStore::to_notice(const std::string& last, int limit) {
  return store::all(c_.query(kToNotice, {last, limit}), store::text_of);
}

Status CaseStore::add_promise(const Promise& p) {
  return c_.execute(kAddPromise,
                    {p.case_id, p.kind, p.start, p.due, p.provisional, p.calendar, p.derivation});
}

Result<std::vector<Promise>> CaseStore::promises_of(const std::string& case_id) {
  return store::all(c_.query(kPromises, {case_id}), promise_from);
}

Result<std::vector<Promise>> CaseStore::due(UtcTime until) {
  return store::all(c_.query(kDue, {until}), promise_from);
}

Result<int> CaseStore::meet(const std::string& case_id, const std::string& kind, UtcTime at) {
  return store::how_many(c_.query(kMeet, {at, case_id, kind}));
}

Status CaseStore::make_void(const std::string& case_id, std::string_view because, UtcTime at) {
  return c_.execute(kVoid, {at, because, case_id});
}

Status CaseStore::add_message_id(const std::string& case_id, const std::string& message_id,
                                 bool ours) {
  if (message_id.empty()) return ok();
  return c_.execute(kAddMessageId, {message_id, case_id, ours});
}

Result<std::vector<std::string>> CaseStore::cases_of_message_ids(
    const std::vector<std::string>& ids) {
  std::vector<std::string> cases;
  for (const std::string& id : ids) {
    const auto found = store::all(c_.query(kCasesOfId, {id}), store::text_of);
    if (!found) return found.error();
    for (const std::string& case_id : *found)
      if (std::find(cases.begin(), cases.end(), case_id) == cases.end()) cases.push_back(case_id);
  }
  return cases;
}

Result<CaseStore::Given> CaseStore::acknowledgments(const std::string& who, UtcTime since_day,
                                                    UtcTime since_hour) {
  const Result<int> to_who = store::number(c_.query_one(kGivenTo, {who, since_day}));
  if (!to_who) return to_who.error();
  const Result<int> all = store::number(c_.query_one(kGivenAll, {since_hour}));
  if (!all) return all.error();
  return Given{*to_who, *all};
}

Result<bool> CaseStore::add_acknowledgment(const std::string& case_id, const std::string& who,
                                           bool authenticated, UtcTime at) {
  return store::any(c_.query(kAcknowledge, {case_id, who, authenticated, at}));
}

Status CaseStore::add_answer(const Answer& a) {
  return c_.execute(kAddAnswer, {a.id, a.case_id, a.outcome, a.incident, a.url, a.words, a.by, a.at,
                                 a.message_id, store::Bytes{a.message}});
}

Result<std::vector<CaseStore::Answer>> CaseStore::answers_of(const std::string& case_id) {
  return store::all(c_.query(kAnswers, {case_id}), [](const Row& row) {
    return Answer{row[0].text(), row[1].text(), row[2].text(), row[3].text(), row[4].text(),
                  row[5].text(), row[6].text(), row[7].time(), row[8].text()};
  });
}

Result<CaseStore::Counts> CaseStore::count(UtcTime now) {
  Result<std::map<std::string, int>> states = count_by_state();
  if (!states) return states.error();
  const Result<int> late = store::number(c_.query_one(kCountLate, {now}));
  if (!late) return late.error();
  const Result<int> silent = store::number(c_.query_one(kCountSilent));
  if (!silent) return silent.error();
  return Counts{.open = (*states)["open"],
                .late = *late,
                .look = (*states)["look"],
                .answered = (*states)["answered"],
                .not_acknowledged = *silent};
}

Result<std::map<std::string, int>> CaseStore::count_by_state() {
  return store::counts(c_.query(kCountStates));
}

Result<std::map<std::string, int>> CaseStore::count_promises(UtcTime now) {
  return store::counts(c_.query(kCountPromises, {now, now + std::chrono::hours{24}}));
}

}  // namespace trust::intake
