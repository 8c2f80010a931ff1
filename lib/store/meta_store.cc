#include "lib/store/meta_store.h"

#include <charconv>

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
  return c_.execute(kPut, {name_of(fact), value});
}

Status MetaStore::put(Fact fact, UtcTime time) {
  return put(fact, std::to_string(to_epoch_ms(time)));
}

}  // namespace trust::store
