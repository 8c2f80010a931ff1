#include "notifier/subscriber/confirmation_store.h"

#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/store/rows.h"

namespace trust::notifier {

namespace {

using std::chrono::days;
using store::Row;
using store::Rows;
using store::Sql;

// Written first, the row is also the lock under which PostgreSQL counts.
constexpr Sql kCount{"count_asking", R"sql(
    INSERT INTO counter (name, value) VALUES ('subscribe', 1)
    ON CONFLICT (name) DO UPDATE SET value = counter.value + 1)sql"};
constexpr Sql kForget{"forget_confirmations", "DELETE FROM confirmation WHERE created_at < $1"};

constexpr Sql kSent{"count_confirmations_of_subscriber", R"sql(
    SELECT COALESCE(SUM(CASE WHEN created_at > $1 THEN 1 ELSE 0 END), 0), COUNT(*)
    FROM confirmation WHERE subscriber_id = $2 AND created_at > $3)sql",
                    "ii"};
constexpr Sql kSentInAll{"count_confirmations",
                         "SELECT COUNT(*) FROM confirmation WHERE created_at > $1", "i"};

constexpr Sql kSpend{"spend_confirmations",
                     "UPDATE confirmation SET spent = 1 WHERE subscriber_id = $1 AND spent = 0"};
constexpr Sql kAdd{"add_confirmation", R"sql(
    INSERT INTO confirmation (id, token_digest, subscriber_id, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5))sql"};

constexpr Sql kByToken{"find_confirmation", R"sql(
    SELECT c.id, c.subscriber_id, s.address, c.token_digest
    FROM confirmation c JOIN subscriber s ON s.id = c.subscriber_id
    WHERE c.token_digest = $1 AND c.spent = 0 AND c.expires_at > $2 AND s.state = 'asked')sql",
                       "tttt"};
constexpr Sql kById{"find_confirmation_mail", R"sql(
    SELECT c.id, c.subscriber_id, s.address, c.token_digest
    FROM confirmation c JOIN subscriber s ON s.id = c.subscriber_id
    WHERE c.id = $1 AND c.spent = 0 AND c.expires_at > $2 AND s.state = 'asked')sql",
                    "tttt"};

std::string digest_of(std::string_view token) { return to_hex(sha256(token)); }

Confirmation confirmation_from(const Row& row) {
  return {row[0].text(), row[1].text(), row[2].text()};
}

}  // namespace

std::string ConfirmationStore::token_of(const std::string& id) const {
  return keyring_.digest("confirmation", id).substr(0, 32);
}

Status ConfirmationStore::begin_asking(UtcTime now) {
  if (Status counted = c_.execute(kCount); !counted) return counted;
  return c_.execute(kForget, {now - days{30}});
}

Result<bool> ConfirmationStore::may_ask(const std::string& subscriber_id,
                                        const ConfirmationBudget& budget, UtcTime now) {
  const Result<Row> sent = c_.query_one(kSent, {now - days{1}, subscriber_id, now - days{30}});
  if (!sent) return sent.error();
  const auto in_all = store::number(c_.query_one(kSentInAll, {now - std::chrono::hours{1}}));
  if (!in_all) return in_all.error();
  return (*sent)[0].integer() < budget.per_day && (*sent)[1].integer() < budget.per_month &&
         *in_all < budget.per_hour_in_all;
}

Result<std::string> ConfirmationStore::add(const std::string& subscriber_id, UtcTime now) {
  if (Status spent = spend(subscriber_id); !spent) return spent.error();
  std::string id = random_id();
  if (Status added = c_.execute(
          kAdd, {id, digest_of(token_of(id)), subscriber_id, now, now + kConfirmationLife});
      !added)
    return added.error();
  return id;
}

Result<std::optional<Confirmation>> ConfirmationStore::find(std::string_view token, UtcTime now) {
  const std::string digest = digest_of(token);
  const Result<Rows> rows = c_.query(kByToken, {digest, now});
  if (rows && !rows->empty() && !equal_in_constant_time(rows->front()[3].text(), digest))
    return std::optional<Confirmation>{};
  return store::first(rows, confirmation_from);
}

Result<std::optional<Confirmation>> ConfirmationStore::find_mail(const std::string& id,
                                                                 UtcTime now) {
  return store::first(c_.query(kById, {id, now}), confirmation_from);
}

Status ConfirmationStore::spend(const std::string& subscriber_id) {
  return c_.execute(kSpend, {subscriber_id});
}

}  // namespace trust::notifier
