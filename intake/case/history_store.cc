#include "intake/case/history_store.h"

#include "lib/base/id.h"
#include "lib/base/names.h"
#include "lib/base/text.h"
#include "lib/store/rows.h"

namespace trust::intake {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

constexpr Sql kLast{"history_last", R"sql(
    SELECT seq, digest FROM history WHERE case_id = $1 ORDER BY seq DESC LIMIT 1)sql",
                    "it"};
constexpr Sql kAppend{"history_append", R"sql(
    INSERT INTO history (case_id, seq, kind, at, actor, commitment, previous, digest)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql"};
constexpr Sql kDetail{"history_detail", R"sql(
    INSERT INTO history_detail (case_id, seq, nonce, detail) VALUES ($1, $2, $3, $4))sql"};
constexpr Sql kOfCase{"history_of_case", R"sql(
    SELECT h.seq, h.kind, h.at, h.actor, d.detail FROM history h
    LEFT JOIN history_detail d ON d.case_id = h.case_id AND d.seq = h.seq
    WHERE h.case_id = $1 ORDER BY h.seq)sql",
                      "ititt"};
constexpr Sql kAll{"history_all", R"sql(
    SELECT h.case_id, h.seq, h.kind, h.at, h.actor, h.commitment, h.previous, h.digest, d.nonce, d.detail
    FROM history h LEFT JOIN history_detail d ON d.case_id = h.case_id AND d.seq = h.seq
    WHERE h.case_id > $1 OR (h.case_id = $2 AND h.seq > $3) ORDER BY h.case_id, h.seq LIMIT 1000)sql",
                   "tititttttt"};

constexpr Sql kHeads{"history_heads", R"sql(
    SELECT h.case_id, h.seq, h.digest FROM history h
    JOIN (SELECT case_id, MAX(seq) AS seq FROM history GROUP BY case_id) last
      ON last.case_id = h.case_id AND last.seq = h.seq
    WHERE NOT EXISTS (SELECT 1 FROM history_anchor a WHERE a.case_id = h.case_id AND a.seq = h.seq)
    ORDER BY h.case_id)sql",
                     "tit"};
constexpr Sql kAnchor{"anchor_history", R"sql(
    INSERT INTO history_anchor (n, at, case_id, seq, head, digest) VALUES ($1, $2, $3, $4, $5, $6))sql"};
constexpr Sql kLastAnchor{
    "last_anchor", "SELECT n, at, digest FROM history_anchor ORDER BY n DESC LIMIT 1", "iit"};
constexpr Sql kAnchors{"history_anchors", R"sql(
    SELECT a.n, a.at, a.case_id, a.seq, a.head, a.digest, h.digest
    FROM history_anchor a LEFT JOIN history h ON h.case_id = a.case_id AND h.seq = a.seq
    WHERE a.n > $1 ORDER BY a.n LIMIT 1000)sql",
                       "iitittt"};

constexpr Names<Actor, 3> kActors{"program", "reporter", "staff"};

/// Each field with its length in front, so that no two rows give the same bytes.
std::string digest_of(std::initializer_list<std::string> fields) {
  std::string bytes;
  for (const std::string& field : fields) bytes += std::to_string(field.size()) + ":" + field;
  return to_hex(sha256(bytes));
}

std::string digest_of(std::string_view previous, std::int64_t seq, std::string_view case_id,
                      std::string_view kind, std::int64_t at, std::string_view actor,
                      std::string_view commitment) {
  return digest_of({std::string{previous}, std::to_string(seq), std::string{case_id},
                    std::string{kind}, std::to_string(at), std::string{actor},
                    std::string{commitment}});
}

std::string digest_of_anchor(const std::string& previous, std::int64_t n, UtcTime at,
                             const std::string& case_id, std::int64_t seq,
                             const std::string& head) {
  return digest_of({previous, std::to_string(n), std::to_string(to_epoch_ms(at)), case_id,
                    std::to_string(seq), head});
}

std::string commitment_to(std::string_view nonce, std::string_view detail) {
  return to_hex(sha256(std::string{nonce} + std::string{detail}));
}

/// Whether a row follows from the one before it in its chain.
bool fits(const Row& row, std::int64_t last_seq, const std::string& last_digest) {
  const bool follows = row[1].integer() == last_seq + 1 && row[6].text() == last_digest;
  const bool kept =
      row[9].is_null() || commitment_to(row[8].text(), row[9].text()) == row[5].text();
  return follows && kept &&
         digest_of(row[6].text(), row[1].integer(), row[0].text(), row[2].text(), row[3].integer(),
                   row[4].text(), row[5].text()) == row[7].text();
}

}  // namespace

Status HistoryStore::append(const std::string& case_id, std::string_view kind, UtcTime at,
                            Actor actor, const std::string& detail_json) {
  const Result<Rows> last = c_.query(kLast, {case_id});
  if (!last) return last.error();
  const std::int64_t seq = last->empty() ? 1 : (*last)[0][0].integer() + 1;
  const std::string previous = last->empty() ? "" : (*last)[0][1].text();
  const std::string nonce = to_hex(random_bytes(32));
  const std::string detail = to_clean_utf8(detail_json);
  const std::string commitment = commitment_to(nonce, detail);
  const std::string digest =
      digest_of(previous, seq, case_id, kind, to_epoch_ms(at), kActors.of(actor), commitment);
  if (Status done = c_.execute(
          kAppend, {case_id, seq, kind, at, kActors.of(actor), commitment, previous, digest});
      !done)
    return done;
  return c_.execute(kDetail, {case_id, seq, nonce, detail});
}

Result<std::vector<HistoryEntry>> HistoryStore::of_case(const std::string& case_id) {
  return store::all(c_.query(kOfCase, {case_id}), [](const Row& row) {
    return HistoryEntry{row[0].integer(), row[1].text(), row[2].time(), row[3].text(),
                        row[4].text()};
  });
}

Result<std::string> HistoryStore::verify_all() {
  Result<std::string> broken = verify_chains();
  return broken && broken->empty() ? verify_anchors() : broken;
}

Result<HistoryStore::Anchor> HistoryStore::last_anchor() {
  const auto last = store::first(c_.query(kLastAnchor, {}), [](const Row& row) {
    return Anchor{row[0].integer(), row[1].time(), row[2].text()};
  });
  if (!last) return last.error();
  return last->value_or(Anchor{});
}

Status HistoryStore::anchor(UtcTime now) {
  Result<Anchor> last = last_anchor();
  if (!last) return last.error();
  const Result<Rows> heads = c_.query(kHeads, {});
  if (!heads) return heads.error();
  for (const Row& row : *heads) {
    last->digest = digest_of_anchor(last->digest, ++last->n, now, row[0].text(), row[1].integer(),
                                    row[2].text());
    if (Status done = c_.execute(
            kAnchor, {last->n, now, row[0].text(), row[1].integer(), row[2].text(), last->digest});
        !done)
      return done;
  }
  return ok();
}

Result<std::string> HistoryStore::verify_anchors() {
  Anchor last;
  for (;;) {
    const Result<Rows> rows = c_.query(kAnchors, {last.n});
    if (!rows) return rows.error();
    if (rows->empty()) return std::string{};
    for (const Row& row : *rows) {
      last.digest = digest_of_anchor(last.digest, ++last.n, row[1].time(), row[2].text(),
                                     row[3].integer(), row[4].text());
      if (row[0].integer() != last.n || row[5].text() != last.digest)
        return "anchor " + std::to_string(last.n);
      if (row[6].text() != row[4].text())
        return row[2].text() + " row " + std::to_string(row[3].integer()) + ", which was anchored";
    }
  }
}

Result<std::string> HistoryStore::verify_chains() {
  std::string case_id, digest;
  std::int64_t seq = 0;
  for (;;) {
    const Result<Rows> rows = c_.query(kAll, {case_id, case_id, seq});
    if (!rows) return rows.error();
    if (rows->empty()) return std::string{};
    for (const Row& row : *rows) {
      if (row[0].text() != case_id) {
        case_id = row[0].text();
        seq = 0;
        digest.clear();
      }
      if (!fits(row, seq, digest)) return case_id + " row " + std::to_string(row[1].integer());
      seq = row[1].integer();
      digest = row[7].text();
    }
  }
}

}  // namespace trust::intake
