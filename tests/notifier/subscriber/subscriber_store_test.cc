#include "notifier/subscriber/subscriber_store.h"

#include <gtest/gtest.h>

#include "lib/outbox/migrations.h"
#include "notifier/schema/migrations.h"
#include "tests/fakes/test_store.h"

namespace trust::notifier {
namespace {

using namespace std::chrono_literals;

std::vector<store::Migration> schema() {
  std::vector<store::Migration> all{lib_outbox_migrations().begin(), lib_outbox_migrations().end()};
  all.insert(all.end(), notifier_schema_migrations().begin(), notifier_schema_migrations().end());
  return all;
}

class SubscriberStoreTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), schema()};
  store::Connection c_ = store_.connect();
  Keyring keyring_ = Keyring::from_secret("test");
  SubscriberStore list_{c_, keyring_};
  UtcTime now_ = *parse_rfc3339("2026-11-24T10:00:00Z");

  std::string state_of(const std::string& address) {
    const auto found = list_.find(address);
    return *found ? std::string{name_of((*found)->state)} : "none";
  }
  void suppress(const std::string& address) {
    const store::Sql sql{
        "suppress", "INSERT INTO suppression (address_digest, reason, at) VALUES ($1, 'asked', 1)"};
    ASSERT_TRUE(c_.execute(sql, {keyring_.digest("suppression", address)}));
  }
  Imported import(std::string_view csv, bool confirmed) {
    const ImportFile file = read_import_file(csv, now_);
    EXPECT_TRUE(file.problems.empty());
    const auto counts = list_.import(file.rows, confirmed, "by form", now_, [] {});
    EXPECT_TRUE(counts);
    return counts ? *counts : Imported{};
  }
};

TEST_P(SubscriberStoreTest, TheStatesFollowWhatTheReaderSays) {
  const Consent asked{"page 1", "command", now_};
  ASSERT_TRUE(list_.ask("ann@example.org", {}, asked));
  EXPECT_EQ(state_of("ann@example.org"), "asked");
  ASSERT_TRUE(list_.ask("ann@example.org", {"haven dns"}, {"page 2", "command", now_ + 1h}));
  EXPECT_EQ((*list_.find("ann@example.org"))->consent_text, "page 2") << "the newer words count";
  ASSERT_TRUE(list_.confirm("ann@example.org", {"", "command", now_ + 2h}));
  const auto confirmed = *list_.find("ann@example.org");
  EXPECT_EQ(confirmed->state, SubscriberState::confirmed);
  EXPECT_EQ(confirmed->services, std::vector<std::string>{"haven dns"});
  EXPECT_EQ(confirmed->confirmed_at, now_ + 2h);
  EXPECT_EQ(confirmed->consent_text, "page 2");
  EXPECT_EQ(confirmed->token_id.size(), 20U);

  ASSERT_TRUE(list_.leave("ann@example.org", now_ + 3h));
  EXPECT_EQ(state_of("ann@example.org"), "left");
  EXPECT_EQ(list_.confirm("ann@example.org", asked).error().fault(), Fault::conflict);
  ASSERT_TRUE(list_.ask("ann@example.org", {"a", "b"}, {"page 3", "command", now_ + 4h}));
  const auto again = *list_.find("ann@example.org");
  EXPECT_EQ(again->state, SubscriberState::asked);
  EXPECT_EQ(again->services, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(again->id, confirmed->id);

  EXPECT_EQ(list_.confirm("bob@example.org", asked).error().fault(), Fault::not_found);
  EXPECT_EQ(list_.leave("bob@example.org", now_).error().fault(), Fault::not_found);
}

TEST_P(SubscriberStoreTest, ASuppressedAddressStaysOff) {
  suppress("ann@example.org");
  EXPECT_EQ(list_.ask("ann@example.org", {}, {"x", "command", now_}).error().fault(),
            Fault::conflict);
  const Imported counts = import("address\r\nann@example.org\r\nbob@example.org\r\n", true);
  EXPECT_EQ(counts.suppressed, 1);
  EXPECT_EQ(counts.added, 1);
  EXPECT_EQ(state_of("ann@example.org"), "none");
}

TEST_P(SubscriberStoreTest, AnImportRepeatsWithoutChange) {
  const char* csv =
      "address,services,confirmed_at,consent\r\n"
      "ann@example.org,Haven DNS,2026-01-02T03:04:05Z,on paper\r\nbob@example.org,,,\r\n";
  EXPECT_EQ(import(csv, false).added, 2);
  EXPECT_EQ(state_of("ann@example.org"), "asked");
  EXPECT_EQ(import(csv, true).confirmed, 2);
  EXPECT_EQ(state_of("ann@example.org"), "confirmed");
  EXPECT_EQ(import(csv, true).unchanged, 2);
  EXPECT_EQ(import(csv, false).unchanged, 2);
  const auto ann = *list_.find("ann@example.org");
  EXPECT_EQ(ann->consent_text, "on paper");
  EXPECT_EQ(ann->confirmed_at, *parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_EQ((*list_.find("bob@example.org"))->consent_text, "by form");
}

TEST_P(SubscriberStoreTest, AnOldListBringsNobodyBackWhoLeft) {
  import("address\r\nann@example.org\r\nbob@example.org\r\n", true);
  ASSERT_TRUE(list_.leave("ann@example.org", now_ - 1h));
  ASSERT_TRUE(list_.leave("bob@example.org", now_ - 1h));
  const Imported counts = import(
      "address,confirmed_at\r\nann@example.org,\r\nbob@example.org,2026-11-24T09:30:00Z\r\n", true);
  EXPECT_EQ(counts.left, 1);
  EXPECT_EQ(counts.confirmed, 1);
  EXPECT_EQ(state_of("ann@example.org"), "left");
  EXPECT_EQ(state_of("bob@example.org"), "confirmed");
}

TEST_P(SubscriberStoreTest, NothingIsHalfImported) {
  const ImportFile file =
      read_import_file("address\r\nann@example.org\r\nbob@example.org\r\n", now_);
  int rows = 0;
  EXPECT_THROW(static_cast<void>(list_.import(file.rows, true, "x", now_,
                                              [&] {
                                                if (++rows == 2) throw std::runtime_error{"killed"};
                                              })),
               std::runtime_error);
  store::Connection later = store_.connect();
  EXPECT_TRUE((*SubscriberStore{later, keyring_}.count_by_state()).empty());
}

TEST_P(SubscriberStoreTest, TheListIsReadInPages) {
  std::string csv = "address\r\n";
  for (int i = 0; i < 25; ++i) csv += "r" + std::to_string(i) + "@example.org\r\n";
  import(csv, true);
  ASSERT_TRUE(list_.leave("r3@example.org", now_));
  std::size_t seen = 0;
  for (std::string after;;) {
    const auto page = list_.list(SubscriberState::confirmed, after, 10);
    ASSERT_TRUE(page);
    if (page->empty()) break;
    seen += page->size();
    after = page->back().id;
  }
  EXPECT_EQ(seen, 24U);
  EXPECT_EQ((*list_.list(std::nullopt, "", 100)).size(), 25U);
  EXPECT_EQ((*list_.count_by_state())["left"], 1);
}

TEST_P(SubscriberStoreTest, HostileTextIsKeptAsText) {
  const std::string nasty = "'; DROP TABLE subscriber; --\xFF {{x}} %s";
  ASSERT_TRUE(list_.ask("ann@example.org", {nasty}, {nasty, "command", now_}));
  EXPECT_EQ((*list_.find("ann@example.org"))->consent_text,
            "'; DROP TABLE subscriber; --\uFFFD {{x}} %s");
  EXPECT_EQ(state_of("'; DROP TABLE subscriber; --"), "none");
}

INSTANTIATE_TEST_SUITE_P(Stores, SubscriberStoreTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
