#include "notifier/subscriber/subscriber_store.h"

#include <utility>

#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/store/rows.h"
#include "lib/store/transact.h"

namespace trust::notifier {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

constexpr std::size_t kTokenIdBytes = 10;

constexpr Sql kFind{"find_subscriber", R"sql(
    SELECT id, token_id, address, state, consent_text, consent_at, consent_source, confirmed_at, left_at,
           created_at, all_services
    FROM subscriber WHERE address = $1)sql",
                    "tttttitiiii"};

constexpr Sql kList{"list_subscribers", R"sql(
    SELECT id, token_id, address, state, consent_text, consent_at, consent_source, confirmed_at, left_at,
           created_at, all_services
    FROM subscriber WHERE id > $1 ORDER BY id LIMIT $2)sql",
                    "tttttitiiii"};

constexpr Sql kListState{"list_subscribers_of_state", R"sql(
    SELECT id, token_id, address, state, consent_text, consent_at, consent_source, confirmed_at, left_at,
           created_at, all_services
    FROM subscriber WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3)sql",
                         "tttttitiiii"};

constexpr Sql kAddressOf{"get_address_of_token",
                         "SELECT address FROM subscriber WHERE token_id = $1", "t"};

constexpr Sql kServices{
    "list_subscriber_services",
    "SELECT service FROM subscriber_service WHERE subscriber_id = $1 ORDER BY service", "t"};

constexpr Sql kInsert{"add_subscriber", R"sql(
    INSERT INTO subscriber (id, token_id, address, state, all_services, consent_text, consent_at,
                            consent_source, confirmed_at, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (address) DO NOTHING RETURNING id)sql",
                      "t"};

constexpr Sql kAddService{"add_subscriber_service", R"sql(
    INSERT INTO subscriber_service (subscriber_id, service) VALUES ($1, $2)
    ON CONFLICT (subscriber_id, service) DO NOTHING)sql"};
constexpr Sql kDropServices{"drop_subscriber_services",
                            "DELETE FROM subscriber_service WHERE subscriber_id = $1"};

// The state it had stands in the WHERE, so that two at once cannot both be right.
constexpr Sql kChange{"change_subscriber", R"sql(
    UPDATE subscriber SET state = $1, consent_text = $2, consent_at = $3, consent_source = $4,
                          confirmed_at = $5, left_at = $6, changed_at = $7
    WHERE id = $8 AND state = $9 RETURNING id)sql",
                      "t"};

constexpr Sql kAllServices{"set_all_services", R"sql(
    UPDATE subscriber SET all_services = $1 WHERE id = $2)sql"};

constexpr Sql kSuppressed{"is_suppressed",
                          "SELECT reason FROM suppression WHERE address_digest = $1", "t"};
constexpr Sql kCountSuppressed{"count_suppressions", "SELECT COUNT(*) FROM suppression", "i"};
constexpr Sql kCount{"count_subscribers", "SELECT state, COUNT(*) FROM subscriber GROUP BY state",
                     "ti"};

Subscriber subscriber_from(const Row& row) {
  return {.id = row[0].text(),
          .token_id = row[1].text(),
          .address = row[2].text(),
          .state = named<SubscriberState>(row[3].text()).value_or(SubscriberState::suppressed),
          .services = {},
          .consent_text = row[4].text(),
          .consent_at = row[5].maybe_time(),
          .consent_source = row[6].text(),
          .confirmed_at = row[7].maybe_time(),
          .left_at = row[8].maybe_time(),
          .created_at = row[9].time()};
}

/// The reader of a row with what they want to hear about.
Result<Subscriber> read_subscriber(store::Connection& c, const Row& row) {
  Subscriber subscriber = subscriber_from(row);
  const bool all_services = row[10].flag();
  if (all_services) return subscriber;
  const Result<Rows> services = c.query(kServices, {subscriber.id});
  if (!services) return services.error();
  for (const Row& service : *services) subscriber.services.push_back(service[0].text());
  return subscriber;
}

/// Writes what has changed in `now_is`; the row must still be in state `was`.
Status change(store::Connection& c, const Subscriber& now_is, SubscriberState was, UtcTime now) {
  const Result<Rows> rows =
      c.query(kChange,
              {name_of(now_is.state), now_is.consent_text, now_is.consent_at, now_is.consent_source,
               now_is.confirmed_at, now_is.left_at, now, now_is.id, name_of(was)});
  if (!rows) return rows.error();
  if (rows->empty())
    return Error{Fault::conflict, "the subscriber was changed just now; try again"};
  return ok();
}

Error not_on_the_list() {
  return {Fault::not_found, "this address is not on the list; subscriber add puts it there"};
}
Error suppressed() {
  return {Fault::conflict, "this address is suppressed: it must never be written to"};
}

}  // namespace

std::string new_token_id() { return to_hex(random_bytes(kTokenIdBytes)); }

std::string SubscriberStore::suppression_digest(const std::string& address) const {
  return keyring_.digest("suppression", address);
}

Result<std::optional<Subscriber>> SubscriberStore::find(const std::string& address) {
  const Result<Rows> rows = c_.query(kFind, {address});
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<Subscriber>{};
  Result<Subscriber> found = read_subscriber(c_, rows->front());
  if (!found) return found.error();
  return std::optional{*std::move(found)};
}

Result<std::string> SubscriberStore::address_of(std::string_view token_id) {
  const Result<Rows> rows = c_.query(kAddressOf, {to_hex(token_id)});
  if (!rows) return rows.error();
  return rows->empty() ? "" : rows->front()[0].text();
}

Result<bool> SubscriberStore::is_suppressed(const std::string& address) {
  return store::any(c_.query(kSuppressed, {suppression_digest(address)}));
}

Status SubscriberStore::put_services(const std::string& id,
                                     const std::vector<std::string>& services) {
  for (const std::string& service : services)
    if (Status added = c_.execute(kAddService, {id, service}); !added) return added;
  return ok();
}

Result<Subscriber> SubscriberStore::insert(const std::string& address,
                                           const std::vector<std::string>& services,
                                           const Consent& consent, SubscriberState state,
                                           std::optional<UtcTime> confirmed_at) {
  Subscriber fresh{.id = random_id(),
                   .token_id = new_token_id(),
                   .address = address,
                   .state = state,
                   .services = services,
                   .consent_text = consent.text,
                   .consent_at = consent.at,
                   .consent_source = consent.source,
                   .confirmed_at = confirmed_at,
                   .left_at = {},
                   .created_at = consent.at};
  const Result<Rows> rows = c_.query(
      kInsert, {fresh.id, fresh.token_id, address, name_of(state), services.empty(), consent.text,
                consent.at, consent.source, confirmed_at, consent.at, consent.at});
  if (!rows) return rows.error();
  if (rows->empty()) return Error{Fault::conflict, "on the list already"};
  if (Status put = put_services(fresh.id, services); !put) return put.error();
  return fresh;
}

Result<Subscriber> SubscriberStore::ask(const std::string& address,
                                        const std::vector<std::string>& services,
                                        const Consent& consent) {
  const Result<bool> never = is_suppressed(address);
  if (!never) return never.error();
  if (*never) return suppressed();
  Result<std::optional<Subscriber>> found = find(address);
  if (!found) return found.error();
  if (!*found) return insert(address, services, consent, SubscriberState::asked, std::nullopt);
  Subscriber s = **std::move(found);
  if (s.state == SubscriberState::suppressed) return suppressed();
  if (s.state == SubscriberState::confirmed) return s;
  const SubscriberState was = std::exchange(s.state, SubscriberState::asked);
  s.services = services;
  s.consent_text = consent.text;
  s.consent_at = consent.at;
  s.consent_source = consent.source;
  s.confirmed_at.reset();
  if (Status put = change(c_, s, was, consent.at); !put) return put.error();
  if (Status dropped = c_.execute(kDropServices, {s.id}); !dropped) return dropped.error();
  if (Status set = c_.execute(kAllServices, {services.empty(), s.id}); !set) return set.error();
  if (Status put = put_services(s.id, services); !put) return put.error();
  return s;
}

Result<Subscriber> SubscriberStore::confirm(const std::string& address, const Consent& consent) {
  Result<std::optional<Subscriber>> found = find(address);
  if (!found) return found.error();
  if (!*found) return not_on_the_list();
  Subscriber s = **std::move(found);
  const Result<bool> never = is_suppressed(address);
  if (!never) return never.error();
  if (*never || s.state == SubscriberState::suppressed) return suppressed();
  if (s.state == SubscriberState::confirmed) return s;
  if (s.state == SubscriberState::left)
    return Error{Fault::conflict, "this reader has left; subscriber add asks anew"};
  s.state = SubscriberState::confirmed;
  s.confirmed_at = consent.at;
  if (!consent.text.empty()) s.consent_text = consent.text;
  s.consent_at = consent.at;
  s.consent_source = consent.source;
  if (Status put = change(c_, s, SubscriberState::asked, consent.at); !put) return put.error();
  return s;
}

Result<Subscriber> SubscriberStore::leave(const std::string& address, UtcTime now) {
  Result<std::optional<Subscriber>> found = find(address);
  if (!found) return found.error();
  if (!*found) return not_on_the_list();
  Subscriber s = **std::move(found);
  const SubscriberState was = s.state;
  if (was == SubscriberState::left || was == SubscriberState::suppressed) return s;
  s.state = SubscriberState::left;
  s.left_at = now;
  if (Status put = change(c_, s, was, now); !put) return put.error();
  return s;
}

// If we die here, then nothing of the file is on the list; the same file may be given again, and
// rows that are on it already count as unchanged.
Result<Imported> SubscriberStore::import(const std::vector<ImportRow>& rows, bool confirmed,
                                         const std::string& text, UtcTime now,
                                         const std::function<void()>& step) {
  return store::transact(c_, [&](store::Connection& c) -> Result<Imported> {
    Imported counts;
    const Result<Row> suppressions = c.query_one(kCountSuppressed);
    if (!suppressions) return suppressions.error();
    const bool any_suppressed = (*suppressions)[0].integer() > 0;
    for (const ImportRow& row : rows) {
      step();
      if (any_suppressed) {
        const Result<bool> never = is_suppressed(row.address);
        if (!never) return never.error();
        if (*never) {
          ++counts.suppressed;
          continue;
        }
      }
      const Consent consent{row.consent.empty() ? text : row.consent, "import",
                            row.confirmed_at.value_or(now)};
      const Result<Subscriber> fresh =
          insert(row.address, row.services, consent,
                 confirmed ? SubscriberState::confirmed : SubscriberState::asked,
                 confirmed ? std::optional{consent.at} : std::nullopt);
      if (fresh) {
        ++counts.added;
        continue;
      }
      if (fresh.error().fault() != Fault::conflict) return fresh.error();
      const Result<std::optional<Subscriber>> there = find(row.address);
      if (!there) return there.error();
      if (!*there) return Error{Fault::conflict, "the list was changed just now; try again"};
      const Subscriber& s = **there;
      // Somebody who left comes back only by words that are newer than the leaving.
      const bool newer = row.confirmed_at && s.left_at && *row.confirmed_at > *s.left_at;
      if (s.state == SubscriberState::suppressed) {
        ++counts.suppressed;
      } else if (s.state == SubscriberState::left && !newer) {
        ++counts.left;
      } else if (s.state == SubscriberState::confirmed ||
                 (!confirmed && s.state == SubscriberState::asked)) {
        ++counts.unchanged;
      } else {
        if (const auto asked = ask(row.address, row.services, consent); !asked)
          return asked.error();
        if (confirmed)
          if (const auto agreed = confirm(row.address, consent); !agreed) return agreed.error();
        ++(confirmed ? counts.confirmed : counts.added);
      }
    }
    return counts;
  });
}

Result<std::vector<Subscriber>> SubscriberStore::list(std::optional<SubscriberState> state,
                                                      const std::string& after_id, int limit) {
  const Result<Rows> rows = state ? c_.query(kListState, {name_of(*state), after_id, limit})
                                  : c_.query(kList, {after_id, limit});
  if (!rows) return rows.error();
  std::vector<Subscriber> subscribers;
  for (const Row& row : *rows) {
    Result<Subscriber> subscriber = read_subscriber(c_, row);
    if (!subscriber) return subscriber.error();
    subscribers.push_back(*std::move(subscriber));
  }
  return subscribers;
}

Result<std::map<std::string, int>> SubscriberStore::count_by_state() {
  return store::counts(c_.query(kCount));
}

}  // namespace trust::notifier
