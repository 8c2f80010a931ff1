#pragma once

#include <span>

#include "lib/store/migrate.h"

namespace trust {
/// The outbox's own migrations; each program runs them in its own store before its own.
std::span<const store::Migration> lib_outbox_migrations();
}  // namespace trust
