#include "lib/outbox/presence.h"

#include <thread>
#include <utility>

#include "lib/store/rows.h"

namespace trust::outbox {

namespace {

using store::Sql;

constexpr std::chrono::seconds kComingBack{3};  ///< a worker's keeper looks every second

// Numbers of ours among the database's advisory locks: 70117 is held, shared, by each sender; 70118
// by the one that is finding out whether it is alone.
constexpr Sql kEnterDoor{"outbox_enter_door",
                         "SELECT CAST(1 AS BIGINT) FROM pg_advisory_lock(70118)", "i"};
constexpr Sql kTryAlone{
    "outbox_try_alone",
    "SELECT CAST(CASE WHEN pg_try_advisory_lock(70117) THEN 1 ELSE 0 END AS BIGINT)", "i"};
constexpr Sql kAnyHeld{"outbox_any_held", R"sql(
    SELECT id FROM outbox WHERE state IN ('claimed', 'sending') LIMIT 1)sql",
                       "t"};
constexpr Sql kShare{"outbox_share", "SELECT CAST(1 AS BIGINT) FROM pg_advisory_lock_shared(70117)",
                     "i"};
constexpr Sql kEndAlone{"outbox_end_alone",
                        "SELECT CAST(1 AS BIGINT) FROM pg_advisory_unlock(70117)", "i"};
constexpr Sql kLeaveDoor{"outbox_leave_door",
                         "SELECT CAST(1 AS BIGINT) FROM pg_advisory_unlock(70118)", "i"};
constexpr Sql kKeep{"outbox_keep_presence", R"sql(
    SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 70117
                                  AND pid = pg_backend_pid() AND granted) THEN 1
                     WHEN pg_try_advisory_lock_shared(70117) THEN 1 ELSE 0 END AS BIGINT))sql",
                    "i"};

Result<bool> find_out(store::Connection& session) {
  if (Status entered = session.execute(kEnterDoor); !entered) return entered.error();
  for (bool again = false;; again = true) {
    const Result<int> alone = store::number(session.query_one(kTryAlone));
    if (!alone) return alone.error();
    if (*alone == 0) return false;
    const Result<bool> held = store::any(session.query(kAnyHeld));
    if (!held) return held.error();
    if (again || !*held) return true;
    if (Status ended = session.execute(kEndAlone); !ended) return ended.error();
    std::this_thread::sleep_for(kComingBack);
  }
}

}  // namespace

Result<Presence> Presence::enter(const store::Database& database, bool alone_on_sqlite) {
  if (database.engine() == store::Engine::sqlite)
    return Presence{std::optional<store::Connection>{}, alone_on_sqlite};
  Result<store::Connection> session = database.connect();
  if (!session) return session.error();
  const Result<bool> alone = find_out(*session);
  if (!alone) return alone.error();
  return Presence{*std::move(session), *alone};
}

Status Presence::settle() {
  if (!session_) return ok();
  if (Status shared = session_->execute(kShare); !shared) return shared;
  if (alone_)
    if (Status ended = session_->execute(kEndAlone); !ended) return ended;
  return session_->execute(kLeaveDoor);
}

Status Presence::keep() {
  // A session that is lost is noticed by the first statement, and opened anew by the second.
  if (!session_ || session_->execute(kKeep)) return ok();
  return session_->execute(kKeep);
}

}  // namespace trust::outbox
