#pragma once

/// lib/store: Poco::Data behind a small face, so that one SQL text serves SQLite and PostgreSQL.
///   sql.h        a named statement and the values that go in and come out;  rows.h  what came out
///   database.*   opening, connections, transactions;  transact.h  one that makes a value
///   migrate.*    numbered schema changes, run once
///   epoch.*      whether the store has forgotten what this machine did
///   meta_store.*  single facts that a program keeps in its `meta` table
/// No other folder includes Poco. Errors carry a statement's name, never its text, its values or
/// the driver's words (PostgreSQL quotes row contents in them).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/time.h"

namespace trust::store {

/// A statement under a name. One text for both stores: placeholders $1, $2, … in the order in which
/// they first appear (SQLite binds by appearance, PostgreSQL by number), each used once.
struct Sql {
  std::string_view name;
  std::string_view text;
  /// The types of the columns it returns, a letter each: i integer, t text, b bytes. Any may be
  /// NULL.
  std::string_view columns = "";
};

/// Raw bytes (BLOB; in PostgreSQL a domain `blob` over bytea).
struct Bytes {
  std::string value;
  bool operator==(const Bytes&) const = default;
};

struct Null {
  bool operator==(const Null&) const = default;
};

/// One value going in or out. Text is made valid UTF-8 without NUL on its way in.
class Value {
 public:
  Value() = default;
  Value(Null) {}
  template <std::integral Number>  // a bool is 0 or 1
  Value(Number number) : value_{static_cast<std::int64_t>(number)} {}
  Value(std::string text) : value_{std::move(text)} {}
  Value(std::string_view text) : value_{std::string{text}} {}
  Value(const char* text) : value_{std::string{text}} {}
  Value(Bytes bytes) : value_{std::move(bytes)} {}
  Value(UtcTime time) : value_{to_epoch_ms(time)} {}
  template <class T>
  Value(const std::optional<T>& maybe) {
    if (maybe) *this = Value{*maybe};
  }

  bool is_null() const { return std::holds_alternative<Null>(value_); }
  /// NULL reads as 0, "" and the epoch.
  std::int64_t integer() const;
  const std::string& text() const;
  const std::string& bytes() const;
  bool flag() const { return integer() != 0; }
  UtcTime time() const { return from_epoch_ms(integer()); }
  std::optional<UtcTime> maybe_time() const;

  const std::variant<Null, std::int64_t, std::string, Bytes>& variant() const { return value_; }

 private:
  std::variant<Null, std::int64_t, std::string, Bytes> value_;
};

using Row = std::vector<Value>;
using Rows = std::vector<Row>;
using Values = std::vector<Value>;

}  // namespace trust::store
