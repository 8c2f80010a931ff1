#pragma once

/// notifier/schema: the tables of the notifier's store, as numbered SQL files that are compiled in.
/// A file that has been released is never changed: add a number.

#include <span>

#include "lib/store/migrate.h"

namespace trust {
/// The notifier's own tables; the outbox's run before them in the same list (notifier/cli/app.cc).
std::span<const store::Migration> notifier_schema_migrations();
}  // namespace trust
