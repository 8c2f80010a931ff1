#include "lib/store/migrate.h"

#include "lib/base/log.h"
#include "lib/base/text.h"

namespace trust::store {

namespace {

constexpr Sql kMakeTable{"make_schema_table", R"sql(
    CREATE TABLE IF NOT EXISTS schema_migration (name TEXT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL))sql"};
constexpr Sql kMakeBlob{"make_blob_domain", R"sql(
    DO $$ BEGIN CREATE DOMAIN blob AS bytea; EXCEPTION WHEN duplicate_object THEN NULL; END $$)sql"};
constexpr Sql kLock{"lock_schema", "LOCK TABLE schema_migration IN EXCLUSIVE MODE"};
constexpr Sql kApplied{"applied_migrations", "SELECT name FROM schema_migration ORDER BY name",
                       "t"};
constexpr Sql kRecord{"record_migration",
                      "INSERT INTO schema_migration (name, applied_at) VALUES ($1, $2)"};
constexpr Sql kHasTable{"has_schema_table", R"sql(
    SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration')sql",
                        "t"};
constexpr Sql kHasTablePostgres{"has_schema_table", R"sql(
    SELECT table_name::text FROM information_schema.tables
    WHERE table_schema = current_schema() AND table_name = 'schema_migration')sql",
                                "t"};

/// Statements of a migration: comments gone, cut after each semicolon that ends a line.
std::vector<std::string> statements_of(std::string_view text, Engine engine) {
  std::vector<std::string> statements;
  std::string current;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view code = trim(line.substr(0, line.find("--")));
    if (code.empty()) continue;
    current += std::string{code} + '\n';
    if (code.back() != ';') continue;
    statements.push_back(replace_all(
        std::move(current), "BIGSERIAL_KEY",
        engine == Engine::sqlite ? "INTEGER PRIMARY KEY AUTOINCREMENT" : "BIGSERIAL PRIMARY KEY"));
    current.clear();
  }
  return statements;
}

bool is_known(const std::string& name, std::span<const Migration> migrations) {
  for (const Migration& m : migrations)
    if (m.name == name) return true;
  return false;
}

Error newer() {
  return {Fault::conflict,
          "the store was made by a newer version of this program; install that version"};
}

Status apply(Connection& connection, const Migration& migration) {
  return connection.transaction([&](Connection& c) -> Status {
    if (c.engine() == Engine::postgresql)
      if (Status locked = c.execute(kLock); !locked) return locked;
    const Result<Rows> applied = c.query(kApplied);
    if (!applied) return applied.error();
    for (const Row& row : *applied)
      if (row[0].text() == migration.name) return ok();
    for (const std::string& text : statements_of(migration.text, c.engine()))
      if (Status done = c.execute(Sql{migration.name, text}); !done) return done;
    return c.execute(kRecord, {migration.name, SystemClock{}.now()});
  });
}

}  // namespace

Status migrate(Connection& connection, std::span<const Migration> migrations) {
  if (Status made = connection.execute(kMakeTable); !made) return made;
  if (connection.engine() == Engine::postgresql)
    if (Status made = connection.execute(kMakeBlob); !made) return made;
  const Result<Rows> applied = connection.query(kApplied);
  if (!applied) return applied.error();
  for (const Row& row : *applied)
    if (!is_known(row[0].text(), migrations)) return newer();
  for (const Migration& migration : migrations)
    if (Status done = apply(connection, migration); !done) return done;
  log(Event::migrated, {{"schema", migrations.size()}});
  return ok();
}

Status require_schema(Connection& connection, std::span<const Migration> migrations) {
  const Sql& has = connection.engine() == Engine::sqlite ? kHasTable : kHasTablePostgres;
  const Result<Rows> table = connection.query(has);
  if (!table) return table.error();
  const Error behind{Fault::conflict, "the store's schema is not up to date; run `migrate` first"};
  if (table->empty()) return behind;
  const Result<Rows> applied = connection.query(kApplied);
  if (!applied) return applied.error();
  for (const Row& row : *applied)
    if (!is_known(row[0].text(), migrations)) return newer();
  return applied->size() == migrations.size() ? ok() : Status{behind};
}

}  // namespace trust::store
