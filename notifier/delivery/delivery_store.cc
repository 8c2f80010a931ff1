#include "notifier/delivery/delivery_store.h"

#include <set>

#include "lib/base/log.h"
#include "lib/outbox/outbox.h"
#include "lib/outbox/retry.h"
#include "lib/store/rows.h"
#include "lib/store/transact.h"
#include "notifier/announcement/announcement_store.h"

namespace trust::notifier {

namespace {

using namespace std::chrono_literals;
using store::Engine;
using store::Row;
using store::Rows;
using store::Sql;

/// When the rows of a held announcement are due: 9999-12-31.
constexpr UtcTime kNever{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};
constexpr std::chrono::milliseconds kLate = 1min;

// The id is ten bytes: half of them the reader's, half of them random. It is what the delivery's
// VERP token carries, and the left side of its Message-ID. MATERIALIZED, so that all mentions of it
// are the same. In the order of the readers' token ids, so that both large indexes grow at one end:
// a million rows in a random order take twice the time.
constexpr Sql kFanOutSqlite{"fan_out", R"sql(
    WITH readers AS MATERIALIZED (
        SELECT substr(s.token_id, 1, 10) || lower(hex(randomblob(5))) AS id, s.id AS reader, s.token_id AS token
        FROM subscriber s
        WHERE s.state = 'confirmed'
          AND (s.all_services = 1
               OR NOT EXISTS (SELECT 1 FROM announcement_service a WHERE a.announcement_id = $1)
               OR EXISTS (SELECT 1 FROM subscriber_service t JOIN announcement_service a ON a.service = t.service
                          WHERE t.subscriber_id = s.id AND a.announcement_id = $2))
        ORDER BY s.token_id)
    INSERT INTO outbox (id, kind, priority, reference, batch, reader, state, due_at, expires_at, message_id,
                        created_at, changed_at)
    SELECT id, 'announcement', $3, $4 || ':' || token, $5, reader, 'queued', $6, $7, id || '@' || $8, $9, $10
    FROM readers)sql"};

constexpr Sql kFanOutPostgresql{"fan_out", R"sql(
    WITH readers AS MATERIALIZED (
        SELECT substr(s.token_id, 1, 10) || substr(gen_random_uuid()::text, 25, 10) AS id, s.id AS reader,
               s.token_id AS token
        FROM subscriber s
        WHERE s.state = 'confirmed'
          AND (s.all_services = 1
               OR NOT EXISTS (SELECT 1 FROM announcement_service a WHERE a.announcement_id = $1)
               OR EXISTS (SELECT 1 FROM subscriber_service t JOIN announcement_service a ON a.service = t.service
                          WHERE t.subscriber_id = s.id AND a.announcement_id = $2))
        ORDER BY s.token_id)
    INSERT INTO outbox (id, kind, priority, reference, batch, reader, state, due_at, expires_at, message_id,
                        created_at, changed_at)
    SELECT id, 'announcement', $3, $4::text || ':' || token, $5, reader, 'queued', $6, $7,
           id || '@' || $8::text, $9, $10
    FROM readers)sql"};

constexpr Sql kCountBatch{"count_batch",
                          "SELECT COUNT(*) FROM outbox WHERE batch = $1 AND batch <> ''", "i"};

constexpr Sql kCountAll{"count_readers",
                        "SELECT COUNT(*) FROM subscriber WHERE state = 'confirmed'", "i"};
constexpr Sql kCountEveryService{"count_readers_of_all_services", R"sql(
    SELECT COUNT(*) FROM subscriber WHERE state = 'confirmed' AND all_services = 1)sql",
                                 "i"};
constexpr Sql kReadersOfService{"list_readers_of_service", R"sql(
    SELECT s.id FROM subscriber_service t JOIN subscriber s ON s.id = t.subscriber_id
    WHERE t.service = $1 AND s.state = 'confirmed' AND s.all_services = 0)sql",
                                "t"};

constexpr Sql kExtendBatch{"extend_batch", R"sql(
    UPDATE outbox SET expires_at = $1 WHERE batch = $2 AND batch <> '' AND state = 'queued')sql"};
constexpr Sql kResumeBatch{"resume_batch", R"sql(
    UPDATE outbox SET due_at = $1, expires_at = $2, changed_at = $3
    WHERE batch = $4 AND batch <> '' AND state = 'queued')sql"};

constexpr Sql kReport{"report_announcement", R"sql(
    SELECT state, uncertain_once, COUNT(*) FROM outbox
    WHERE batch = $1 AND batch <> '' GROUP BY state, uncertain_once)sql",
                      "tii"};
constexpr Sql kAnyLeft{"any_delivery_left", R"sql(
    SELECT id FROM outbox
    WHERE batch = $1 AND batch <> '' AND (state IN ('queued', 'claimed', 'sending', 'deferred')
                                          OR (state = 'uncertain' AND uncertain_once = 0)) LIMIT 1)sql",
                       "t"};
constexpr Sql kUndelivered{"list_undelivered", R"sql(
    SELECT s.address, o.state, o.reply_code, o.reply_status, o.reply_text, o.changed_at
    FROM outbox o LEFT JOIN subscriber s ON s.id = o.reader
    WHERE o.batch = $1 AND o.batch <> '' AND o.state IN ('failed', 'uncertain', 'deferred')
    ORDER BY o.changed_at DESC LIMIT $2)sql",
                           "ttitti"};

}  // namespace

Result<std::int64_t> DeliveryStore::fan_out(const Announcement& a, const std::string& mail_domain) {
  const UtcTime due = a.state == AnnouncementState::held ? kNever : a.hold_until;
  const UtcTime expires = due + outbox::lifetime_of(outbox::Kind::announcement);
  const Sql& sql = c_.engine() == Engine::sqlite ? kFanOutSqlite : kFanOutPostgresql;
  if (Status done = c_.execute(sql, {a.id, a.id, static_cast<int>(outbox::Kind::announcement), a.id,
                                     a.id, due, expires, mail_domain, a.created_at, a.created_at});
      !done)
    return done.error();
  return store::number<std::int64_t>(c_.query_one(kCountBatch, {a.id}));
}

Result<std::int64_t> DeliveryStore::count_readers(const std::vector<std::string>& services) {
  const auto count =
      store::number<std::int64_t>(c_.query_one(services.empty() ? kCountAll : kCountEveryService));
  if (!count) return count.error();
  std::set<std::string> chosen;
  for (const std::string& service : services) {
    const Result<Rows> rows = c_.query(kReadersOfService, {folded_service(service)});
    if (!rows) return rows.error();
    for (const Row& row : *rows) chosen.insert(row[0].text());
  }
  return *count + static_cast<std::int64_t>(chosen.size());
}

// If we die here, then the transaction is not there, and the next look or the next sender releases.
Result<bool> DeliveryStore::release(const std::string& id, UtcTime now) {
  Result<bool> released = store::transact(c_, [&](store::Connection& c) -> Result<bool> {
    AnnouncementStore announcements{c};
    const auto standing = announcements.standing(id);
    if (!standing) return standing.error();
    if (!*standing || (*standing)->state != AnnouncementState::holding ||
        (*standing)->hold_until > now)
      return false;
    const auto announcement = announcements.find(id);
    if (!announcement) return announcement.error();
    const Result<Row> count = c.query_one(kCountBatch, {id});
    if (!count) return count.error();
    if (!*announcement || (*announcement)->recipients != (*count)[0].integer())
      return Error{Fault::internal,
                   "the deliveries of an announcement are not as many as were frozen"};
    if (now - (*standing)->hold_until > kLate) {
      const UtcTime expires = now + outbox::lifetime_of(outbox::Kind::announcement);
      if (const Status extended = c.execute(kExtendBatch, {expires, id}); !extended)
        return extended.error();
    }
    return announcements.release(id);
  });
  if (!released && released.error().fault() == Fault::internal)
    log(Event::announcement_held, {{"announcement", id}, {"reason", "count_differs"}});
  if (released && *released) log(Event::announcement_released, {{"announcement", id}});
  return released;
}

Result<bool> DeliveryStore::resume(const std::string& id, UtcTime hold_until, UtcTime now) {
  return store::transact(c_, [&](store::Connection& c) -> Result<bool> {
    Result<bool> resumed = AnnouncementStore{c}.resume(id, hold_until);
    if (!resumed || !*resumed) return resumed;
    const UtcTime expires = hold_until + outbox::lifetime_of(outbox::Kind::announcement);
    const Status moved = c.execute(kResumeBatch, {hold_until, expires, now, id});
    return moved ? resumed : moved.error();
  });
}

Result<Report> DeliveryStore::report(const Announcement& a) {
  const Result<Rows> rows = c_.query(kReport, {a.id});
  if (!rows) return rows.error();
  Report report{.recipients = a.recipients};
  const std::pair<std::string_view, std::int64_t*> places[] = {
      {"queued", &report.queued},       {"claimed", &report.claimed},
      {"sending", &report.sending},     {"deferred", &report.deferred},
      {"accepted", &report.accepted},   {"failed", &report.failed},
      {"uncertain", &report.uncertain}, {"suppressed", &report.suppressed},
      {"left", &report.left},           {"cancelled", &report.cancelled}};
  for (const Row& row : *rows) {
    for (const auto& [state, place] : places)
      if (state == row[0].text()) *place += row[2].integer();
    if (row[0].text() == "uncertain" && !row[1].flag())
      report.uncertain_waiting += row[2].integer();
  }
  return report;
}

Result<bool> DeliveryStore::is_finished(const std::string& id) {
  const Result<Rows> rows = c_.query(kAnyLeft, {id});
  if (!rows) return rows.error();
  return rows->empty();
}

Result<std::vector<Undelivered>> DeliveryStore::undelivered(const std::string& id, int limit) {
  return store::all(c_.query(kUndelivered, {id, limit}), [](const Row& row) {
    return Undelivered{row[0].text(), row[1].text(), static_cast<int>(row[2].integer()),
                       row[3].text(), row[4].text(), row[5].time()};
  });
}

}  // namespace trust::notifier
