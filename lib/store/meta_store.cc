#include "lib/store/meta_store.h"

#include "lib/base/names.h"
#include "lib/store/rows.h"

#include <charconv>

namespace trust::store {

namespace {

constexpr Sql kGet{"get_meta", "SELECT value FROM meta WHERE key = $1", "t"};
constexpr Sql kPut{"put_meta", R"sql(
    INSERT INTO meta (key, value) VALUES ($1, $2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value)sql"};

constexpr Sql kBriefSqlite{"be_brief", "PRAGMA busy_timeout=3000", "i"};
constexpr Sql kBriefPostgresql{"be_brief", "SET statement_timeout = 3000"};

constexpr Names<Fact, 4> kFacts{"key_check", "first_look", "last_look", "last_probe"};

}  // namespace

Result<std::optional<std::string>> MetaStore::get(Fact fact) {
  return first(c_.query(kGet, {kFacts.of(fact)}), text_of);
}

Result<std::optional<UtcTime>> MetaStore::time(Fact fact) {
  const auto value = get(fact);
  if (!value) return value.error();
  std::int64_t ms = 0;
  if (!*value ||
      std::from_chars((*value)->data(), (*value)->data() + (*value)->size(), ms).ec != std::errc{})
    return std::optional<UtcTime>{};
  return std::optional<UtcTime>{from_epoch_ms(ms)};
}

Status MetaStore::put(Fact fact, std::string_view value) {
  return c_.execute(kPut, {kFacts.of(fact), value});
}

Status MetaStore::put(Fact fact, UtcTime time) {
  return put(fact, std::to_string(to_epoch_ms(time)));
}

Status MetaStore::be_brief() {
  const auto set = c_.query(c_.engine() == Engine::sqlite ? kBriefSqlite : kBriefPostgresql);
  return set ? ok() : Status{set.error()};
}

}  // namespace trust::store
