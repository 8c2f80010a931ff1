#include "intake/case/mail_store.h"

namespace trust::intake {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

constexpr Sql kToFile{"mails_to_file", R"sql(
    SELECT id FROM mail WHERE stage = 'stored' ORDER BY first_seen_at, id LIMIT $1)sql", "t"};
constexpr Sql kCountToFile{"count_to_file", "SELECT COUNT(*) FROM mail WHERE stage = 'stored'", "i"};
constexpr std::string_view kMailTypes = "tttiitiitttttttt";
constexpr Sql kFind{"find_mail", R"sql(
    SELECT id, stage, folder, first_seen_at, received_at, received_by, size_bytes, truncated, parsed, kind,
           from_address, subject, message_id, case_id, relation, digest_bytes
    FROM mail WHERE id = $1)sql", kMailTypes};
constexpr Sql kOfCase{"mails_of_case", R"sql(
    SELECT id, stage, folder, first_seen_at, received_at, received_by, size_bytes, truncated, parsed, kind,
           from_address, subject, message_id, case_id, relation, digest_bytes
    FROM mail WHERE case_id = $1 ORDER BY received_at, first_seen_at)sql", kMailTypes};
constexpr Sql kRaw{"raw_mail", "SELECT raw FROM mail WHERE id = $1", "b"};
constexpr Sql kTwin{"twin_mail", R"sql(
    SELECT id, case_id FROM mail
    WHERE digest_content = $1 AND from_address = $2 AND id <> $3 AND stage = 'filed' AND relation <> 'copy'
    ORDER BY first_seen_at LIMIT 1)sql", "tt"};
constexpr Sql kKnownId{"known_message_id",
                       "SELECT id FROM mail WHERE message_id = $1 AND id <> $2 LIMIT 1", "t"};
constexpr Sql kWrote{"wrote_to_case", R"sql(
    SELECT id FROM mail WHERE case_id = $1 AND from_address = $2 AND relation IN ('first', 'follow_up') LIMIT 1)sql",
                     "t"};
constexpr Sql kFile{"file_mail", R"sql(
    UPDATE mail SET stage = 'filed', digest_content = $1, parsed = $2, kind = $3, from_address = $4, subject = $5,
                    message_id = $6, case_id = $7, relation = $8
    WHERE id = $9 AND stage = 'stored' RETURNING id)sql", "t"};

StoredMail mail_from(const Row& row) {
  StoredMail m;
  m.id = row[0].text();
  m.stage = row[1].text();
  m.folder = row[2].text();
  m.first_seen = row[3].time();
  m.received = row[4].time();
  m.received_by = row[5].text();
  m.size_bytes = row[6].integer();
  m.truncated = row[7].flag();
  m.parsed = row[8].text();
  m.kind = row[9].text();
  m.from_address = row[10].text();
  m.subject = row[11].text();
  m.message_id = row[12].text();
  m.case_id = row[13].text();
  m.relation = row[14].text();
  return m;
}

Result<bool> any(const Result<Rows>& rows) {
  if (!rows) return rows.error();
  return !rows->empty();
}

}  // namespace

Result<std::vector<std::string>> MailStore::to_file(int limit) {
  const Result<Rows> rows = c_.query(kToFile, {limit});
  if (!rows) return rows.error();
  std::vector<std::string> ids;
  for (const Row& row : *rows) ids.push_back(row[0].text());
  return ids;
}

Result<int> MailStore::count_to_file() {
  const Result<Row> row = c_.query_one(kCountToFile);
  if (!row) return row.error();
  return static_cast<int>((*row)[0].integer());
}

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
  const Result<Rows> rows = c_.query(kTwin, {digest_content, from_address, id});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<Twin>{};
  return std::optional{Twin{(*rows)[0][0].text(), (*rows)[0][1].text()}};
}

Result<bool> MailStore::is_known_message_id(const std::string& id, const std::string& message_id) {
  if (message_id.empty()) return false;
  return any(c_.query(kKnownId, {message_id, id}));
}

Result<bool> MailStore::wrote_to(const std::string& address, const std::string& case_id) {
  if (address.empty()) return false;
  return any(c_.query(kWrote, {case_id, address}));
}

Result<bool> MailStore::file(const StoredMail& m, const std::string& digest_content) {
  return any(c_.query(kFile, {digest_content, m.parsed, m.kind, m.from_address, m.subject,
                              m.message_id,
                              m.case_id.empty() ? store::Value{} : store::Value{m.case_id},
                              m.relation, m.id}));
}

Result<std::vector<StoredMail>> MailStore::of_case(const std::string& case_id) {
  const Result<Rows> rows = c_.query(kOfCase, {case_id});
  if (!rows) return rows.error();
  std::vector<StoredMail> mails;
  for (const Row& row : *rows) mails.push_back(mail_from(row));
  return mails;
}

}  // namespace trust::intake
