#include "lib/outbox/outbox_store.h"

#include <algorithm>

#include "lib/base/id.h"
#include "lib/store/rows.h"

namespace trust::outbox {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

constexpr Sql kAdd{"add_mail", R"sql(
    INSERT INTO outbox (id, kind, priority, reference, state, due_at, expires_at, envelope_from, recipient,
                        message, message_id, created_at, changed_at)
    VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (kind, reference) DO NOTHING
    RETURNING id)sql",
                   "t"};

// The state stands in the outer WHERE too: without it two workers were handed the same rows. Every
// priority is named, so that what is due is found without walking over what is not yet.
constexpr Sql kClaim{"claim_mails", R"sql(
    UPDATE outbox SET state = 'claimed', owner = $1, lease_until = $2, changed_at = $3
    WHERE id IN (SELECT id FROM outbox
                 WHERE state IN ('queued', 'deferred') AND priority IN (0, 1, 2, 3, 4, 5) AND due_at <= $4
                 ORDER BY priority, due_at LIMIT $5)
      AND state IN ('queued', 'deferred')
    RETURNING id, kind, reference, batch, reader, envelope_from, recipient, message, message_id,
              attempts, uncertain_once, created_at, expires_at, priority, due_at)sql",
                     "tttttttbtiiiiii"};

constexpr Sql kMark{"mark_sending", R"sql(
    UPDATE outbox SET state = 'sending', changed_at = $1
    WHERE id = $2 AND owner = $3 AND state = 'claimed' RETURNING id)sql",
                    "t"};

constexpr Sql kExtend{"extend_lease", R"sql(
    UPDATE outbox SET lease_until = $1
    WHERE owner = $2 AND state IN ('claimed', 'sending') AND lease_until < $3)sql"};

// A worker that was thought dead and comes with the answer is believed: the owner of an uncertain
// row still stands there.
constexpr Sql kRecord{"record_verdict", R"sql(
    UPDATE outbox SET state = $1, due_at = $2, attempts = attempts + $3, reply_code = $4, reply_status = $5,
                      reply_text = $6, owner = '', lease_until = 0, changed_at = $7
    WHERE id = $8 AND owner = $9 AND state IN ('claimed', 'sending', 'uncertain') RETURNING id)sql",
                      "t"};

constexpr Sql kGiveBack{"give_back", R"sql(
    UPDATE outbox SET state = 'queued', owner = '', lease_until = 0, changed_at = $1
    WHERE owner = $2 AND state = 'claimed' AND state IN ('claimed', 'sending'))sql"};

constexpr Sql kRequeueDead{"requeue_dead", R"sql(
    UPDATE outbox SET state = 'queued', owner = '', lease_until = 0, changed_at = $1
    WHERE state = 'claimed' AND state IN ('claimed', 'sending') AND lease_until < $2 RETURNING id)sql",
                           "t"};

constexpr Sql kUncertainDead{"uncertain_dead", R"sql(
    UPDATE outbox SET state = 'uncertain', lease_until = 0, changed_at = $1
    WHERE state = 'sending' AND state IN ('claimed', 'sending') AND lease_until < $2 RETURNING id)sql",
                             "t"};

constexpr Sql kAgain{"queue_uncertain_again", R"sql(
    UPDATE outbox SET state = 'queued', owner = '', uncertain_once = 1, due_at = $1, changed_at = $2
    WHERE state = 'uncertain' AND uncertain_once = 0 AND changed_at <= $3 RETURNING id)sql",
                     "t"};

// What was uncertain stays so: its first sending may have arrived.
constexpr Sql kExpire{"expire_mails", R"sql(
    UPDATE outbox SET state = CASE WHEN uncertain_once = 1 THEN 'uncertain' ELSE 'failed' END,
                      reply_text = 'expired: too old to be sent', changed_at = $1
    WHERE state IN ('queued', 'deferred') AND due_at <= $2 AND expires_at <= $3 RETURNING id)sql",
                      "t"};

constexpr Sql kMoreUrgent{"more_urgent", R"sql(
    SELECT id FROM outbox WHERE state IN ('queued', 'deferred') AND priority < $1 AND due_at <= $2
    LIMIT 1)sql",
                          "t"};

constexpr Sql kBusy{"any_busy", R"sql(
    SELECT id FROM outbox WHERE state IN ('claimed', 'sending')
    UNION ALL
    SELECT id FROM outbox
    WHERE state IN ('queued', 'deferred') AND priority IN (0, 1, 2, 3, 4, 5) AND due_at <= $1
    LIMIT 1)sql",
                    "t"};

constexpr Sql kCountAll{"count_by_state", "SELECT state, COUNT(*) FROM outbox GROUP BY state",
                        "ti"};
constexpr Sql kCountBatch{
    "count_batch_by_state",
    "SELECT state, COUNT(*) FROM outbox WHERE batch = $1 AND batch <> '' GROUP BY state", "ti"};

constexpr Sql kCountChanged{"count_changed_by_state", R"sql(
    SELECT state, COUNT(*) FROM outbox WHERE changed_at >= $1 GROUP BY state)sql",
                            "ti"};

constexpr Sql kCancel{"cancel_batch", R"sql(
    UPDATE outbox SET state = 'cancelled', changed_at = $1
    WHERE batch = $2 AND batch <> '' AND state IN ('queued', 'deferred') RETURNING id)sql",
                      "t"};

ClaimedMail claimed_from(const Row& row) {
  return {.id = row[0].text(),
          .kind = named<Kind>(row[1].text()).value_or(Kind::notice),
          .reference = row[2].text(),
          .batch = row[3].text(),
          .reader = row[4].text(),
          .envelope_from = row[5].text(),
          .recipient = row[6].text(),
          .message = row[7].bytes(),
          .message_id = row[8].text(),
          .attempts = row[9].integer(),
          .uncertain_once = row[10].flag(),
          .created = row[11].time(),
          .expires = row[12].time()};
}

constexpr Sql kFlow{"outbox_flow", R"sql(
    SELECT (SELECT MIN((SELECT MIN(due_at) FROM outbox
                        WHERE state IN ('queued', 'deferred') AND priority = p.n AND due_at <= $1))
            FROM (SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3
                  UNION ALL SELECT 4 UNION ALL SELECT 5) p),
           (SELECT MAX(changed_at) FROM outbox WHERE reply_code > 0))sql",
                    "ii"};

}  // namespace

Result<bool> OutboxStore::add(const NewMail& mail, UtcTime now) {
  return store::any(
      c_.query(kAdd, {random_id(), name_of(mail.kind), static_cast<int>(mail.kind), mail.reference,
                      mail.due, mail.expires, mail.envelope_from, mail.recipient,
                      store::Bytes{mail.message}, mail.message_id, now, now}));
}

Result<std::vector<ClaimedMail>> OutboxStore::claim(const std::string& owner, int limit,
                                                    UtcTime now, UtcTime lease_until) {
  Result<Rows> rows = c_.query(kClaim, {owner, lease_until, now, now, limit});
  if (!rows) return rows.error();
  std::sort(rows->begin(), rows->end(), [](const Row& a, const Row& b) {
    return std::pair{a[13].integer(), a[14].integer()} <
           std::pair{b[13].integer(), b[14].integer()};
  });
  std::vector<ClaimedMail> mails;
  for (const Row& row : *rows) mails.push_back(claimed_from(row));
  return mails;
}

Result<bool> OutboxStore::mark_sending(const std::string& id, const std::string& owner,
                                       UtcTime now) {
  return store::any(c_.query(kMark, {now, id, owner}));
}

Status OutboxStore::extend(const std::string& owner, UtcTime if_before, UtcTime lease_until) {
  return c_.execute(kExtend, {lease_until, owner, if_before});
}

Result<bool> OutboxStore::record(const std::string& id, const std::string& owner,
                                 const Verdict& verdict, UtcTime now) {
  return store::any(c_.query(
      kRecord, {name_of(verdict.state), verdict.due, verdict.attempts_made, verdict.reply_code,
                verdict.reply_status, verdict.reply_text, now, id, owner}));
}

Status OutboxStore::give_back(const std::string& owner, UtcTime now) {
  return c_.execute(kGiveBack, {now, owner});
}

Result<Recovered> OutboxStore::recover(UtcTime now, bool all) {
  const UtcTime before = all ? UtcTime::max() : now;
  const Result<int> queued = store::how_many(c_.query(kRequeueDead, {now, before}));
  if (!queued) return queued.error();
  const Result<int> uncertain = store::how_many(c_.query(kUncertainDead, {now, before}));
  if (!uncertain) return uncertain.error();
  return Recovered{*queued, *uncertain};
}

Result<int> OutboxStore::queue_uncertain_again(UtcTime now, std::chrono::milliseconds pause) {
  return store::how_many(c_.query(kAgain, {now, now, now - pause}));
}

Result<int> OutboxStore::expire(UtcTime now) {
  return store::how_many(c_.query(kExpire, {now, now, now}));
}

Result<bool> OutboxStore::is_more_urgent_due(Kind than, UtcTime now) {
  return store::any(c_.query(kMoreUrgent, {static_cast<int>(than), now}));
}

Result<bool> OutboxStore::is_busy(UtcTime now) { return store::any(c_.query(kBusy, {now})); }

Result<OutboxStore::Flow> OutboxStore::flow(UtcTime now) {
  const Result<store::Row> row = c_.query_one(kFlow, {now});
  if (!row) return row.error();
  return Flow{(*row)[0].maybe_time(), (*row)[1].maybe_time()};
}

Result<std::map<std::string, int>> OutboxStore::count_by_state(const std::string& batch) {
  return store::counts(batch.empty() ? c_.query(kCountAll) : c_.query(kCountBatch, {batch}));
}

Result<std::map<std::string, int>> OutboxStore::count_changed_since(UtcTime since) {
  return store::counts(c_.query(kCountChanged, {since}));
}

Result<int> OutboxStore::cancel_batch(const std::string& batch, UtcTime now) {
  return store::how_many(c_.query(kCancel, {now, batch}));
}

}  // namespace trust::outbox
