#include "lib/store/meta_store.h"

namespace trust::store {

namespace {

constexpr Sql kGet{"get_meta", "SELECT value FROM meta WHERE key = $1", "t"};
constexpr Sql kPut{"put_meta", R"sql(
    INSERT INTO meta (key, value) VALUES ($1, $2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value)sql"};

std::string_view name_of(Fact fact) {
  switch (fact) {
    case Fact::key_check: return "key_check";
    case Fact::first_look: return "first_look";
    case Fact::last_look: break;
  }
  return "last_look";
}

}  // namespace

Result<std::optional<std::string>> MetaStore::get(Fact fact) {
  const Result<Rows> rows = c_.query(kGet, {name_of(fact)});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<std::string>{};
  return std::optional<std::string>{rows->front()[0].text()};
}

Status MetaStore::put(Fact fact, std::string_view value) {
  return c_.execute(kPut, {name_of(fact), value});
}

}  // namespace trust::store
