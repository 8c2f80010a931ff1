#include "intake/mailbox/ledger_store.h"

#include "intake/case/case.h"
#include "lib/base/id.h"
#include "lib/base/names.h"
#include "lib/base/text.h"
#include "lib/store/rows.h"

namespace trust::intake {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

/// Rows of a page; a mailbox of 100,000 mails is never a hundred thousand rows at once.
constexpr int kPage = 10'000;

constexpr Sql kFolder{"watched_folder", R"sql(
    SELECT uidvalidity, first_look, renewed_below FROM mailbox_folder WHERE account = $1 AND folder = $2)sql",
                      "iii"};
constexpr Sql kEnterFolder{"enter_folder", R"sql(
    INSERT INTO mailbox_folder (account, folder, uidvalidity, first_look, renewed_below) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account, folder)
    DO UPDATE SET uidvalidity = excluded.uidvalidity, renewed_below = excluded.renewed_below)sql"};
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
    SELECT uid, tries, CASE WHEN next_try_at = 0 THEN 1 ELSE 0 END FROM mailbox_ledger
    WHERE outcome = 'quarantined' AND account = $1 AND folder = $2 AND uidvalidity = $3 AND next_try_at <= $4
    ORDER BY tries, uid)sql",
                     "iii"};
constexpr Sql kCountAgain{
    "count_quarantined",
    "SELECT COUNT(*) FROM mailbox_ledger WHERE outcome = 'quarantined' AND tries > 0", "i"};
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
constexpr Sql kQuarantined{"quarantined", R"sql(
    SELECT account, folder, uidvalidity, uid, arrived_at, seen_at, tries, next_try_at FROM mailbox_ledger
    WHERE outcome = 'quarantined' ORDER BY seen_at, folder, uid)sql",
                           "ttiiiiii"};
constexpr Sql kRetryNow{"retry_now", R"sql(
    UPDATE mailbox_ledger SET next_try_at = $1
    WHERE outcome = 'quarantined' AND account = $2 AND folder = $3 AND uidvalidity = $4 AND uid = $5)sql"};
constexpr Sql kRelease{"release_quarantined", R"sql(
    UPDATE promise SET void_at = $1, void_because = $2
    WHERE case_id = $3 AND kind = 'quarantine' AND met_at IS NULL AND void_at IS NULL RETURNING case_id)sql",
                       "t"};
constexpr Sql kNotOnlySent{"not_only_sent", R"sql(
    UPDATE mail SET folder = $1, relation = '', stage = CASE WHEN stage = 'filed' THEN 'parsed' ELSE stage END
    WHERE id = $2 AND LOWER(folder) = '\sent' AND relation IN ('', 'sent'))sql"};
constexpr Sql kAdopt{"adopt_uids", R"sql(
    UPDATE mailbox_ledger SET outcome = 'quarantined', seen_at = $1, tries = 0, next_try_at = 0
    WHERE outcome = 'before_us' AND account = $2 AND folder = $3 AND arrived_at >= $4
      AND uidvalidity = (SELECT f.uidvalidity FROM mailbox_folder f WHERE f.account = $5 AND f.folder = $6)
    RETURNING uid)sql",
                     "i"};
constexpr Sql kKnown{"known_uids", R"sql(
    SELECT l.uid, l.arrived_at, CASE WHEN l.outcome = 'stored' THEN m.size_bytes END, l.outcome
    FROM mailbox_ledger l LEFT JOIN mail m ON m.id = l.mail_id
    WHERE l.account = $1 AND l.folder = $2 AND l.uidvalidity = $3 AND l.uid > $4 AND l.outcome <> 'quarantined'
    ORDER BY l.uid LIMIT $5)sql",
                     "iiit"};
constexpr Sql kAskAnew{"ask_anew", R"sql(
    UPDATE mailbox_ledger
    SET outcome = 'quarantined', mail_id = NULL, arrived_at = $1, seen_at = $2, tries = 0, next_try_at = 1
    WHERE account = $3 AND folder = $4 AND uidvalidity = $5 AND uid = $6 AND outcome <> 'quarantined')sql"};
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

constexpr Names<LedgerStore::Kept, 3> kOutcomes{"stored", "same_bytes", "purged"};

std::uint32_t uid_of(const store::Value& value) {
  return static_cast<std::uint32_t>(value.integer());
}

}  // namespace

Result<std::optional<LedgerStore::Folder>> LedgerStore::folder(const std::string& account,
                                                               const std::string& folder) {
  return store::first(c_.query(kFolder, {account, folder}), [](const Row& row) {
    return Folder{uid_of(row[0]), row[1].time(), uid_of(row[2])};
  });
}

Status LedgerStore::enter_folder(const FolderKey& key, UtcTime first_look,
                                 std::uint32_t renewed_below) {
  return c_.execute(kEnterFolder,
                    {key.account, key.folder, key.uidvalidity, first_look, renewed_below});
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
  return store::all(
      c_.query(kAgain, {key.account, key.folder, key.uidvalidity, now}), [](const Row& row) {
        return Again{uid_of(row[0]), static_cast<int>(row[1].integer()), row[2].flag()};
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

Result<int> LedgerStore::release(const FolderKey& key, std::uint32_t uid, std::string_view because,
                                 UtcTime now) {
  const std::string case_id = std::string{kQuarantineCase} + quarantine_name(key, uid);
  return store::how_many(c_.query(kRelease, {now, because, case_id}));
}

Result<bool> LedgerStore::knows(const std::string& digest_bytes) {
  auto stored = store::any(c_.query(kSameBytes, {digest_bytes}));
  if (!stored || *stored) return stored;
  return store::any(c_.query(kTombstone, {digest_bytes}));
}

Result<std::optional<UtcTime>> LedgerStore::seen(const FolderKey& key, std::uint32_t uid) {
  return store::first(c_.query(kSeen, {key.account, key.folder, key.uidvalidity, uid}),
                      [](const Row& row) { return row[0].time(); });
}

Result<std::vector<LedgerStore::Quarantined>> LedgerStore::quarantined() {
  return store::all(c_.query(kQuarantined), [](const Row& row) {
    return Quarantined{{row[0].text(), row[1].text(), uid_of(row[2])},
                       uid_of(row[3]),
                       row[4].maybe_time(),
                       row[5].time(),
                       static_cast<int>(row[6].integer()),
                       row[7].time()};
  });
}

Status LedgerStore::retry_now(const Quarantined& mail, UtcTime now) {
  return c_.execute(kRetryNow,
                    {now, mail.key.account, mail.key.folder, mail.key.uidvalidity, mail.uid});
}

Result<LedgerStore::Stored> LedgerStore::store(const FolderKey& key, const mail::FetchedMail& mail,
                                               const Received& received,
                                               const std::string& digest_bytes, UtcTime now) {
  // A mail that was in quarantine was seen when its row was made, not today.
  const auto seen_before = seen(key, mail.uid);
  if (!seen_before) return seen_before.error();
  const UtcTime first_seen = seen_before->value_or(now);
  if (*seen_before)
    if (const auto released = release(key, mail.uid, "came", now); !released)
      return released.error();

  Result<Stored> stored = keep(key.folder, mail, received, digest_bytes, first_seen);
  if (!stored) return stored;
  const store::Value mail_id =
      stored->mail_id.empty() ? store::Value{} : store::Value{stored->mail_id};
  const Result<Rows> entered =
      c_.query(kEnter, {key.account, key.folder, key.uidvalidity, mail.uid,
                        kOutcomes.of(stored->kept), mail_id, mail.internal_date, now});
  if (!entered) return entered.error();
  if (entered->empty())
    return Error{Fault::conflict, "ledger: another process takes in the same mailbox"};
  return stored;
}

Result<LedgerStore::Stored> LedgerStore::import(const mail::FetchedMail& mail,
                                                const Received& received,
                                                const std::string& digest_bytes,
                                                MayAcknowledge acknowledge, UtcTime now) {
  return keep(std::string{acknowledge == MayAcknowledge::yes ? kImportedToTell : kImported}, mail,
              received, digest_bytes, now);
}

Result<int> LedgerStore::adopt(const std::string& account, const std::string& folder, UtcTime since,
                               UtcTime now) {
  return store::how_many(c_.query(kAdopt, {now, account, folder, since, account, folder}));
}

Result<std::vector<LedgerStore::Known>> LedgerStore::known(const FolderKey& key) {
  std::vector<Known> all;
  for (std::uint32_t after = 0;;) {
    const Result<Rows> rows =
        c_.query(kKnown, {key.account, key.folder, key.uidvalidity, after, kPage});
    if (!rows) return rows.error();
    for (const Row& row : *rows) {
      const std::string outcome = row[3].text();
      Known known{
          uid_of(row[0]), row[1].maybe_time(), {}, outcome == "gone", outcome == "before_us"};
      if (!row[2].is_null()) known.size = static_cast<std::uint64_t>(row[2].integer());
      all.push_back(known);
    }
    if (rows->size() < kPage) return all;
    after = all.back().uid;
  }
}

Status LedgerStore::ask_anew(const FolderKey& key, std::uint32_t uid,
                             std::optional<UtcTime> arrived, UtcTime now) {
  return c_.execute(kAskAnew, {arrived, now, key.account, key.folder, key.uidvalidity, uid});
}

Result<LedgerStore::Stored> LedgerStore::keep(const std::string& folder,
                                              const mail::FetchedMail& mail,
                                              const Received& received,
                                              const std::string& digest_bytes, UtcTime first_seen) {
  const auto purged = store::any(c_.query(kTombstone, {digest_bytes}));
  if (!purged) return purged.error();
  if (*purged) return Stored{Kept::purged, ""};
  const std::string id = random_id();
  store::Values row{id, folder, first_seen, received.at, received.by, mail.size, mail.truncated};
  row.emplace_back(store::Bytes{mail.raw});
  row.emplace_back(digest_bytes);
  const auto inserted = store::any(c_.query(kInsertMail, row));
  if (!inserted) return inserted.error();
  if (*inserted) return Stored{Kept::stored, id};
  const Result<Row> same = c_.query_one(kSameBytes, {digest_bytes});
  if (!same) return same.error();
  Stored stored{Kept::same_bytes, (*same)[0].text()};
  if (!equals_ignoring_case(folder, "\\Sent"))
    if (const Status done = c_.execute(kNotOnlySent, {folder, stored.mail_id}); !done)
      return done.error();
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
