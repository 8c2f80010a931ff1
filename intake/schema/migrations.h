#pragma once

/// intake/schema: the tables of intake's store, as numbered SQL files that are compiled in.
/// They run after lib/outbox's own. A file that has been released is never changed: add a number.

#include <span>

#include "lib/store/migrate.h"

namespace trust {
std::span<const store::Migration> intake_schema_migrations();
}  // namespace trust
