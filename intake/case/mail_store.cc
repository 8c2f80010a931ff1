#include "intake/case/mail_store.h"

#include "lib/store/rows.h"

namespace trust::intake {

namespace {

using store::Row;
using store::Sql;

constexpr Sql kWaiting{"mails_waiting", R"sql(
    SELECT id, stage, first_seen_at FROM mail
    WHERE stage <> 'filed' AND (first_seen_at > $1 OR (first_seen_at = $2 AND id > $3))
    ORDER BY first_seen_at, id LIMIT $4)sql",
                       "tti"};
constexpr Sql kCountWaiting{
    "count_waiting", "SELECT COUNT(*) FROM mail WHERE stage <> 'filed' AND first_seen_at < $1",
    "i"};
constexpr Sql kCountLost{"count_without_case", R"sql(
    SELECT COUNT(*) FROM mail WHERE stage = 'filed' AND case_id IS NULL AND relation <> 'sent')sql",
                         "i"};
constexpr std::string_view kMailTypes = "tttiitiitttttttt";
constexpr Sql kFind{"find_mail", R"sql(
    SELECT id, stage, folder, first_seen_at, received_at, received_by, size_bytes, truncated, parsed, kind,
           from_address, subject, message_id, case_id, relation, digest_bytes
    FROM mail WHERE id = $1)sql",
                    kMailTypes};
constexpr Sql kOfCase{"mails_of_case", R"sql(
    SELECT id, stage, folder, first_seen_at, received_at, received_by, size_bytes, truncated, parsed, kind,
           from_address, subject, message_id, case_id, relation, digest_bytes
    FROM mail WHERE case_id = $1 ORDER BY received_at, first_seen_at)sql",
                      kMailTypes};
constexpr Sql kRaw{"raw_mail", "SELECT raw FROM mail WHERE id = $1", "b"};
constexpr Sql kTwin{"twin_mail", R"sql(
    SELECT id, case_id FROM mail
    WHERE digest_content = $1 AND from_address = $2 AND id <> $3 AND stage = 'filed' AND relation <> 'copy'
    ORDER BY first_seen_at LIMIT 1)sql",
                    "tt"};
constexpr Sql kKnownId{
    "known_message_id",
    "SELECT id FROM mail WHERE message_id = $1 AND message_id <> '' AND id <> $2 LIMIT 1", "t"};
constexpr Sql kWrote{"wrote_to_case", R"sql(
    SELECT id FROM mail WHERE case_id = $1 AND from_address = $2 AND relation IN ('first', 'follow_up') LIMIT 1)sql",
                     "t"};
constexpr Sql kSetParsed{"set_parsed", R"sql(
    UPDATE mail SET stage = 'parsed', digest_content = $1, parsed = $2, from_address = $3, subject = $4,
                    message_id = $5
    WHERE id = $6 AND stage = 'stored' RETURNING id)sql",
                         "t"};
constexpr Sql kDigest{"digest_content", "SELECT digest_content FROM mail WHERE id = $1", "t"};
constexpr Sql kFile{"file_mail", R"sql(
    UPDATE mail SET stage = 'filed', kind = $1, case_id = $2, relation = $3
    WHERE id = $4 AND stage = 'parsed' RETURNING id)sql",
                    "t"};

StoredMail mail_from(const Row& row) {
  StoredMail m;
  store::read(row, m.id, m.stage, m.folder, m.first_seen, m.received, m.received_by, m.size_bytes,
              m.truncated, m.parsed, m.kind, m.from_address, m.subject, m.message_id, m.case_id,
              m.relation);
  return m;
}

}  // namespace

Result<std::vector<MailStore::Waiting>> MailStore::waiting(const Waiting& last, int limit) {
  return store::all(c_.query(kWaiting, {last.first_seen, last.first_seen, last.id, limit}),
                    [](const Row& row) {
                      return Waiting{row[0].text(), row[1].text(), row[2].time()};
                    });
}

Result<int> MailStore::count_waiting(UtcTime before) {
  return store::number(c_.query_one(kCountWaiting, {before}));
}

Result<int> MailStore::count_without_case() { return store::number(c_.query_one(kCountLost)); }

Result<StoredMail> MailStore::find(const std::string& id) {
  const Result<Row> row = c_.query_one(kFind, {id});
  if (!row) return row.error();
  return mail_from(*row);
}

Result<std::string> MailStore::raw(const std::string& id) {
  const Result<Row> row = c_.query_one(kRaw, {id});
  if (!row) return row.error();
  return (*row)[0].bytes();
}

Result<std::optional<MailStore::Twin>> MailStore::twin(const std::string& id,
                                                       const std::string& digest_content,
                                                       const std::string& from_address) {
  return store::first(c_.query(kTwin, {digest_content, from_address, id}), [](const Row& row) {
    return Twin{row[0].text(), row[1].text()};
  });
}

Result<bool> MailStore::is_known_message_id(const std::string& id, const std::string& message_id) {
  if (message_id.empty()) return false;
  return store::any(c_.query(kKnownId, {message_id, id}));
}

Result<bool> MailStore::wrote_to(const std::string& address, const std::string& case_id) {
  if (address.empty()) return false;
  return store::any(c_.query(kWrote, {case_id, address}));
}

Result<bool> MailStore::set_parsed(const StoredMail& m, const std::string& digest_content) {
  return store::any(c_.query(
      kSetParsed, {digest_content, m.parsed, m.from_address, m.subject, m.message_id, m.id}));
}

Result<std::string> MailStore::digest_content(const std::string& id) {
  const Result<Row> row = c_.query_one(kDigest, {id});
  if (!row) return row.error();
  return (*row)[0].text();
}

Result<bool> MailStore::file(const StoredMail& m) {
  const store::Value case_id = m.case_id.empty() ? store::Value{} : store::Value{m.case_id};
  return store::any(c_.query(kFile, {m.kind, case_id, m.relation, m.id}));
}

Result<std::vector<StoredMail>> MailStore::of_case(const std::string& case_id) {
  return store::all(c_.query(kOfCase, {case_id}), mail_from);
}

}  // namespace trust::intake
