#pragma once

#include <span>

#include "lib/store/migrate.h"

namespace trust {
/// The notifier's own tables; the outbox's run before them in the same list (notifier/cli/app.cc).
std::span<const store::Migration> notifier_schema_migrations();
}  // namespace trust
