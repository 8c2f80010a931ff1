#include "intake/mailbox/ledger_store.h"

#include "lib/base/id.h"
#include "lib/store/rows.h"

namespace trust::intake {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

/// Rows of a page; a mailbox of 100,000 mails is never a hundred thousand rows at once.
constexpr int kPage = 10'000;

constexpr Sql kFolder{"watched_folder", R"sql(
    SELECT uidvalidity, first_look FROM mailbox_folder WHERE account = $1 AND folder = $2)sql",
                      "ii"};
constexpr Sql kEnterFolder{"enter_folder", R"sql(
    INSERT INTO mailbox_folder (account, folder, uidvalidity, first_look) VALUES ($1, $2, $3, $4)
    ON CONFLICT (account, folder) DO UPDATE SET uidvalidity = excluded.uidvalidity)sql"};
constexpr Sql kSettled{"settled_uids", R"sql(
    SELECT uid FROM mailbox_ledger
    WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND uid > $4
      AND NOT (outcome = 'quarantined' AND next_try_at <= $5)
    ORDER BY uid LIMIT $6)sql",
                       "i"};
constexpr Sql kHighest{"highest_uid", R"sql(
    SELECT COALESCE(MAX(uid), 0) FROM mailbox_ledger
    WHERE account = $1 AND folder = $2 AND uidvalidity = $3)sql",
                       "i"};
constexpr Sql kAgain{"quarantined_due", R"sql(
    SELECT uid, tries FROM mailbox_ledger
    WHERE outcome = 'quarantined' AND account = $1 AND folder = $2 AND uidvalidity = $3 AND next_try_at <= $4
    ORDER BY tries, uid)sql",
                     "ii"};
constexpr Sql kCountAgain{"count_quarantined",
                          "SELECT COUNT(*) FROM mailbox_ledger WHERE outcome = 'quarantined'", "i"};
constexpr Sql kEnter{"enter_uid", R"sql(
    INSERT INTO mailbox_ledger (account, folder, uidvalidity, uid, outcome, mail_id, arrived_at, seen_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (account, folder, uidvalidity, uid)
    DO UPDATE SET outcome = excluded.outcome, mail_id = excluded.mail_id WHERE mailbox_ledger.outcome = 'quarantined'
    RETURNING uid)sql",
                     "i"};
constexpr Sql kQuarantine{"quarantine_uid", R"sql(
    INSERT INTO mailbox_ledger (account, folder, uidvalidity, uid, outcome, arrived_at, seen_at, tries, next_try_at)
    VALUES ($1, $2, $3, $4, 'quarantined', $5, $6, $7, $8)
    ON CONFLICT (account, folder, uidvalidity, uid)
    DO UPDATE SET tries = excluded.tries, next_try_at = excluded.next_try_at
    WHERE mailbox_ledger.outcome = 'quarantined')sql"};
constexpr Sql kSeen{"uid_seen", R"sql(
    SELECT seen_at FROM mailbox_ledger
    WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND uid = $4)sql",
                    "i"};
constexpr Sql kTombstone{"find_tombstone", "SELECT at FROM tombstone WHERE digest_bytes = $1", "i"};
constexpr Sql kInsertMail{"insert_mail", R"sql(
    INSERT INTO mail (id, stage, folder, first_seen_at, received_at, received_by, size_bytes, truncated, raw,
                      digest_bytes)
    VALUES ($1, 'stored', $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (digest_bytes) DO NOTHING RETURNING id)sql",
                          "t"};
constexpr Sql kSameBytes{"mail_of_bytes", "SELECT id FROM mail WHERE digest_bytes = $1", "t"};
constexpr Sql kAccounted{"accounted_uids", R"sql(
    SELECT l.uid, l.outcome,
           CASE WHEN l.outcome = 'stored' AND NOT EXISTS (SELECT 1 FROM mail m WHERE m.id = l.mail_id) THEN 0 ELSE 1 END
    FROM mailbox_ledger l
    WHERE l.account = $1 AND l.folder = $2 AND l.uidvalidity = $3 AND l.uid > $4
    ORDER BY l.uid LIMIT $5)sql",
                         "iti"};

std::uint32_t uid_of(const store::Value& value) {
  return static_cast<std::uint32_t>(value.integer());
}

}  // namespace

Result<std::optional<LedgerStore::Folder>> LedgerStore::folder(const std::string& account,
                                                               const std::string& folder) {
  return store::first(c_.query(kFolder, {account, folder}), [](const Row& row) {
    return Folder{uid_of(row[0]), row[1].time()};
  });
}

Status LedgerStore::enter_folder(const FolderKey& key, UtcTime first_look) {
  return c_.execute(kEnterFolder, {key.account, key.folder, key.uidvalidity, first_look});
}

Result<std::vector<std::uint32_t>> LedgerStore::settled(const FolderKey& key, std::uint32_t from,
                                                        UtcTime now) {
  std::vector<std::uint32_t> uids;
  for (std::uint32_t after = from == 0 ? 0 : from - 1;;) {
    const Result<Rows> rows =
        c_.query(kSettled, {key.account, key.folder, key.uidvalidity, after, now, kPage});
    if (!rows) return rows.error();
    for (const Row& row : *rows) uids.push_back(uid_of(row[0]));
    if (rows->size() < kPage) return uids;
    after = uids.back();
  }
}

Result<std::uint32_t> LedgerStore::highest(const FolderKey& key) {
  return store::number<std::uint32_t>(
      c_.query_one(kHighest, {key.account, key.folder, key.uidvalidity}));
}

Result<std::vector<LedgerStore::Again>> LedgerStore::to_try_again(const FolderKey& key,
                                                                  UtcTime now) {
  return store::all(c_.query(kAgain, {key.account, key.folder, key.uidvalidity, now}),
                    [](const Row& row) {
                      return Again{uid_of(row[0]), static_cast<int>(row[1].integer())};
                    });
}

Result<int> LedgerStore::count_quarantined() { return store::number(c_.query_one(kCountAgain)); }

Status LedgerStore::enter_before_us(const FolderKey& key, std::uint32_t uid,
                                    std::optional<UtcTime> arrived, UtcTime now) {
  return c_.execute(kEnter, {key.account, key.folder, key.uidvalidity, uid, "before_us",
                             store::Null{}, arrived, now});
}

Status LedgerStore::enter_gone(const FolderKey& key, std::uint32_t uid, UtcTime now) {
  return c_.execute(kEnter, {key.account, key.folder, key.uidvalidity, uid, "gone", store::Null{},
                             store::Null{}, now});
}

Status LedgerStore::enter_quarantined(const FolderKey& key, std::uint32_t uid,
                                      std::optional<UtcTime> arrived, UtcTime now, int tries,
                                      UtcTime next_try) {
  return c_.execute(kQuarantine,
                    {key.account, key.folder, key.uidvalidity, uid, arrived, now, tries, next_try});
}

Result<LedgerStore::Stored> LedgerStore::store(const FolderKey& key, const mail::FetchedMail& mail,
                                               const std::string& digest_bytes, UtcTime now) {
  const Result<Rows> seen = c_.query(kSeen, {key.account, key.folder, key.uidvalidity, mail.uid});
  if (!seen) return seen.error();
  // A mail that was in quarantine was seen when its row was made, not today.
  const UtcTime first_seen = seen->empty() ? now : (*seen)[0][0].time();

  Stored stored;
  std::string outcome = "stored";
  const Result<Rows> purged = c_.query(kTombstone, {digest_bytes});
  if (!purged) return purged.error();
  if (!purged->empty()) {
    stored.kept = Kept::purged;
    outcome = "purged";
  } else {
    stored.mail_id = random_id();
    const Received received = received_time(mail.internal_date, first_seen);
    store::Values row{stored.mail_id, key.folder, first_seen,    received.at,
                      received.by,    mail.size,  mail.truncated};
    row.emplace_back(store::Bytes{mail.raw});
    row.emplace_back(digest_bytes);
    const Result<Rows> inserted = c_.query(kInsertMail, row);
    if (!inserted) return inserted.error();
    if (inserted->empty()) {
      const Result<Row> same = c_.query_one(kSameBytes, {digest_bytes});
      if (!same) return same.error();
      stored = {Kept::same_bytes, (*same)[0].text()};
      outcome = "same_bytes";
    }
  }
  const store::Value mail_id =
      stored.mail_id.empty() ? store::Value{} : store::Value{stored.mail_id};
  const Result<Rows> entered = c_.query(kEnter, {key.account, key.folder, key.uidvalidity, mail.uid,
                                                 outcome, mail_id, mail.internal_date, now});
  if (!entered) return entered.error();
  if (entered->empty())
    return Error{Fault::conflict, "ledger: another process takes in the same mailbox"};
  return stored;
}

Result<std::vector<LedgerStore::Accounted>> LedgerStore::accounted(const FolderKey& key) {
  std::vector<Accounted> all;
  for (std::uint32_t after = 0;;) {
    const Result<Rows> rows =
        c_.query(kAccounted, {key.account, key.folder, key.uidvalidity, after, kPage});
    if (!rows) return rows.error();
    for (const Row& row : *rows) all.push_back({uid_of(row[0]), row[1].text(), row[2].flag()});
    if (rows->size() < kPage) return all;
    after = all.back().uid;
  }
}

}  // namespace trust::intake
