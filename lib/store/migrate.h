#pragma once

#include <span>
#include <string_view>

#include "lib/store/database.h"

namespace trust::store {

/// A numbered change of the schema: "0001_mail" and its SQL. The text runs on both stores: times
/// are BIGINT, ids and enumerations TEXT, bytes BLOB, running numbers `BIGSERIAL_KEY` (replaced by
/// the engine's own words). Statements end with a semicolon at the end of a line.
struct Migration {
  std::string_view name;
  std::string_view text;
};

/// Runs what has not run yet, each in its own transaction, in the order given. Safe to repeat and
/// to run from two processes at once.
/// Fault::conflict: the store was made by a newer program.
Status migrate(Connection& connection, std::span<const Migration> migrations);

/// Fault::conflict, with what to do, unless exactly these migrations have run.
Status require_schema(Connection& connection, std::span<const Migration> migrations);

}  // namespace trust::store
