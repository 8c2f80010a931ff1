#include "intake/case/alarm_store.h"

#include "lib/store/rows.h"

namespace trust::intake {

namespace {

using store::Row;
using store::Sql;

constexpr Sql kToWarn{"promises_to_warn", R"sql(
    SELECT case_id, kind, start_at, due_at FROM promise
    WHERE met_at IS NULL AND void_at IS NULL AND warned_at IS NULL AND late_at IS NULL AND due_at > $1
      AND (due_at <= $2 OR kind = 'quarantine')
    ORDER BY due_at, case_id LIMIT 1000)sql",
                      "ttii"};
constexpr Sql kToCallLate{"promises_to_call_late", R"sql(
    SELECT case_id, kind, start_at, due_at FROM promise
    WHERE met_at IS NULL AND void_at IS NULL AND late_at IS NULL AND due_at <= $1
    ORDER BY due_at, case_id LIMIT 1000)sql",
                          "ttii"};
constexpr Sql kWarn{"warn_promise", R"sql(
    UPDATE promise SET warned_at = $1
    WHERE case_id = $2 AND kind = $3 AND start_at = $4 AND due_at > $5
      AND met_at IS NULL AND void_at IS NULL AND warned_at IS NULL AND late_at IS NULL RETURNING case_id)sql",
                    "t"};
constexpr Sql kCallLate{"call_promise_late", R"sql(
    UPDATE promise SET late_at = $1
    WHERE case_id = $2 AND kind = $3 AND start_at = $4 AND due_at <= $5
      AND met_at IS NULL AND void_at IS NULL AND late_at IS NULL RETURNING case_id)sql",
                        "t"};
constexpr Sql kWasDone{"was_done", "SELECT day FROM daily WHERE what = $1 AND day = $2", "t"};
constexpr Sql kBegin{"begin_daily",
                     "INSERT INTO daily (what, day) VALUES ($1, $2) ON CONFLICT (what, day) DO "
                     "NOTHING RETURNING day",
                     "t"};

Promise promise_from(const Row& row) {
  Promise promise;
  store::read(row, promise.case_id, promise.kind, promise.start, promise.due);
  return promise;
}

store::Values key_of(const Promise& p, UtcTime now) {
  return {now, p.case_id, p.kind, p.start, now};
}

}  // namespace

Result<std::vector<Promise>> AlarmStore::to_warn(UtcTime now, UtcTime until) {
  return store::all(c_.query(kToWarn, {now, until}), promise_from);
}

Result<std::vector<Promise>> AlarmStore::to_call_late(UtcTime now) {
  return store::all(c_.query(kToCallLate, {now}), promise_from);
}

Result<bool> AlarmStore::warn(const Promise& promise, UtcTime now) {
  return store::any(c_.query(kWarn, key_of(promise, now)));
}

Result<bool> AlarmStore::call_late(const Promise& promise, UtcTime now) {
  return store::any(c_.query(kCallLate, key_of(promise, now)));
}

Result<bool> AlarmStore::was_done(std::string_view what, UtcDay day) {
  return store::any(c_.query(kWasDone, {what, to_iso_day(day)}));
}

Result<bool> AlarmStore::begin(std::string_view what, UtcDay day) {
  return store::any(c_.query(kBegin, {what, to_iso_day(day)}));
}

}  // namespace trust::intake
