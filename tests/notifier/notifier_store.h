#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/id.h"
#include "lib/base/token.h"
#include "lib/outbox/migrations.h"
#include "notifier/announcement/announcement_store.h"
#include "notifier/incident/incident_store.h"
#include "notifier/schema/migrations.h"
#include "notifier/subscriber/subscriber_store.h"
#include "tests/fakes/test_store.h"

namespace trust::notifier {

inline std::vector<store::Migration> notifier_schema() {
  std::vector<store::Migration> all{lib_outbox_migrations().begin(), lib_outbox_migrations().end()};
  all.insert(all.end(), notifier_schema_migrations().begin(), notifier_schema_migrations().end());
  return all;
}

/// A clock that stands until it is set.
struct SetClock final : Clock {
  UtcTime time = *parse_rfc3339("2026-11-24T10:00:00Z");
  UtcTime now() const override { return time; }
};

/// A notifier's store with a few readers, for tests on both engines.
class NotifierStoreTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), notifier_schema()};
  store::Connection c_ = store_.connect();
  Keyring keyring_ = Keyring::from_secret("test");
  SetClock clock_;

  void subscribe(const std::string& address, const std::vector<std::string>& services = {}) {
    SubscriberStore list{c_, keyring_};
    const Consent consent{"yes", "command", clock_.now()};
    ASSERT_TRUE(list.ask(address, services, consent));
    ASSERT_TRUE(list.confirm(address, consent));
  }
  std::string id_of(const std::string& address) {
    return (**SubscriberStore{c_, keyring_}.find(address)).id;
  }
  void leave(const std::string& address) {
    ASSERT_TRUE((SubscriberStore{c_, keyring_}.leave(address, clock_.now())));
  }
  void suppress(const std::string& address) {
    const store::Sql sql{
        "suppress", "INSERT INTO suppression (address_digest, reason, at) VALUES ($1, 'asked', 1)"};
    ASSERT_TRUE(c_.execute(sql, {keyring_.digest("suppression", address)}));
  }
  std::int64_t count(const std::string& sql) {
    const auto row = c_.query_one(store::Sql{"count", sql, "i"});
    return row ? (*row)[0].integer() : -1;
  }
  static std::string template_text(const std::string& file) {
    return *read_file("templates/mail/en/" + file);
  }

  /// An announcement's row with its incident, not fanned out.
  Announcement announcement(const std::string& id, const std::vector<std::string>& services = {}) {
    const std::string url = "https://docs.example.org/trust/incidents/" + id + "/";
    const Incident incident{.id = id, .url = url, .title = "Haven DNS <timeouts>"};
    EXPECT_TRUE((IncidentStore{c_}.put_published(incident, clock_.now())));
    Announcement a{.id = random_id(),
                   .url = url,
                   .incident_id = id,
                   .state = AnnouncementState::holding,
                   .held_because = {},
                   .hold_until = clock_.now() + std::chrono::minutes{10},
                   .title = incident.title,
                   .summary = "Resolvers did not answer.\nR\u00E9solveurs.",
                   .services = services,
                   .start = *parse_rfc3339("2026-11-20T09:12:00Z"),
                   .end = *parse_rfc3339("2026-11-20T10:03:00Z"),
                   .text_template = template_text("announcement.txt"),
                   .html_template = template_text("announcement.html"),
                   .created_at = clock_.now(),
                   .created_by = "site",
                   .finished_at = {}};
    EXPECT_TRUE(AnnouncementStore{c_}.add(a));
    return a;
  }
};

}  // namespace trust::notifier
