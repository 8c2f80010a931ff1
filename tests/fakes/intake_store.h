#pragma once

#include <span>
#include <string>
#include <vector>

#include "intake/schema/migrations.h"
#include "lib/outbox/migrations.h"
#include "lib/store/database.h"
#include "tests/fakes/test_store.h"

namespace trust::test {

/// The outbox's and intake's tables, in the order in which `migrate` makes them.
inline std::vector<store::Migration> intake_tables() {
  std::vector<store::Migration> all;
  for (const auto table : {lib_outbox_migrations(), intake_schema_migrations()})
    all.insert(all.end(), table.begin(), table.end());
  return all;
}

/// A mail as intake/mailbox leaves it.
struct NewMail {
  std::string id;
  std::string raw;
  UtcTime received{};
  UtcTime first_seen{};  ///< the epoch: a minute after `received`
  std::string folder = "INBOX";
  bool truncated = false;
};

inline void put_mail(store::Connection& connection, const NewMail& mail) {
  constexpr store::Sql kPut{"put_mail", R"sql(
      INSERT INTO mail (id, stage, folder, first_seen_at, received_at, received_by, size_bytes, truncated, raw,
                        digest_bytes)
      VALUES ($1, 'stored', $2, $3, $4, 'internal_date', $5, $6, $7, $8))sql"};
  const UtcTime seen =
      mail.first_seen == UtcTime{} ? mail.received + std::chrono::minutes{1} : mail.first_seen;
  const Status done =
      connection.execute(kPut, {mail.id, mail.folder, seen, mail.received, mail.raw.size(),
                                mail.truncated, store::Bytes{mail.raw}, "bytes of " + mail.id});
  if (!done) throw std::runtime_error{done.error().text()};
}

/// The one number that a statement gives.
inline std::int64_t number(store::Connection& connection, std::string_view text) {
  const auto row = connection.query_one(store::Sql{"number", text, "i"});
  if (!row) throw std::runtime_error{row.error().text()};
  return (*row)[0].integer();
}

}  // namespace trust::test
