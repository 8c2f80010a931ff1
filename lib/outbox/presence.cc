#include "lib/outbox/presence.h"

#include <utility>

namespace trust::outbox {

namespace {

using store::Sql;

// 70117: a number of ours among the database's advisory locks.
constexpr Sql kTryAlone{
    "outbox_try_alone",
    "SELECT CAST(CASE WHEN pg_try_advisory_lock(70117) THEN 1 ELSE 0 END AS BIGINT)", "i"};
constexpr Sql kShare{"outbox_share", "SELECT CAST(1 AS BIGINT) FROM pg_advisory_lock_shared(70117)",
                     "i"};
constexpr Sql kEndAlone{"outbox_end_alone",
                        "SELECT CAST(1 AS BIGINT) FROM pg_advisory_unlock(70117)", "i"};

}  // namespace

Result<Presence> Presence::enter(const store::Database& database, bool alone_on_sqlite) {
  if (database.engine() == store::Engine::sqlite)
    return Presence{std::optional<store::Connection>{}, alone_on_sqlite};
  Result<store::Connection> session = database.connect();
  if (!session) return session.error();
  const Result<store::Row> alone = session->query_one(kTryAlone);
  if (!alone) return alone.error();
  const bool is_alone = (*alone)[0].integer() == 1;
  if (!is_alone)
    if (Status shared = session->execute(kShare); !shared) return shared.error();
  return Presence{*std::move(session), is_alone};
}

Status Presence::settle() {
  if (!session_ || !alone_) return ok();
  if (Status shared = session_->execute(kShare); !shared) return shared;
  return session_->execute(kEndAlone);
}

}  // namespace trust::outbox
