#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/sql.h"

namespace trust::store {

/// What a query gave, in the form its caller wants; a failure is passed on. `read` makes a value of
/// a row.

/// Whether there is a row: of an INSERT … DO NOTHING RETURNING, of a change of state.
inline Result<bool> any(const Result<Rows>& rows) {
  if (!rows) return rows.error();
  return !rows->empty();
}

/// How many rows an UPDATE … RETURNING changed.
inline Result<int> how_many(const Result<Rows>& rows) {
  if (!rows) return rows.error();
  return static_cast<int>(rows->size());
}

/// The number in the only column of the only row.
template <class Number = int>
Result<Number> number(const Result<Row>& row) {
  if (!row) return row.error();
  return static_cast<Number>((*row)[0].integer());
}

template <class Read, class Value = std::invoke_result_t<Read, const Row&>>
Result<std::vector<Value>> all(const Result<Rows>& rows, Read read) {
  if (!rows) return rows.error();
  std::vector<Value> values;
  for (const Row& row : *rows) values.push_back(read(row));
  return values;
}

/// The first row's; nothing if there is none.
template <class Read, class Value = std::invoke_result_t<Read, const Row&>>
Result<std::optional<Value>> first(const Result<Rows>& rows, Read read) {
  if (!rows) return rows.error();
  return rows->empty() ? std::nullopt : std::optional<Value>{read(rows->front())};
}

inline void take(const Value& value, std::string& place) { place = value.text(); }
inline void take(const Value& value, UtcTime& place) { place = value.time(); }
inline void take(const Value& value, std::optional<UtcTime>& place) { place = value.maybe_time(); }
template <std::integral Number>
void take(const Value& value, Number& place) {
  place = static_cast<Number>(value.integer());
}
/// The columns of a row, in their order, to their places in a value. REQUIRES no fewer.
template <class... Places>
void read(const Row& row, Places&... places) {
  auto column = row.begin();
  (take(*column++, places), ...);
}

inline std::string text_of(const Row& row) { return row[0].text(); }

/// Of SELECT state, COUNT(*) … GROUP BY state.
inline Result<std::map<std::string, int>> counts(const Result<Rows>& rows) {
  if (!rows) return rows.error();
  std::map<std::string, int> counts;
  for (const Row& row : *rows) counts[row[0].text()] = static_cast<int>(row[1].integer());
  return counts;
}

}  // namespace trust::store
