#include "notifier/incident/incident.h"

#include <gtest/gtest.h>

#include "lib/store/meta_store.h"
#include "notifier/incident/incident_store.h"
#include "tests/notifier/notifier_store.h"

namespace trust::notifier {
namespace {

using namespace std::chrono_literals;

TEST(IncidentId, IsADayAndASlug) {
  for (const char* good : {"2026-03-01-dns", "2024-02-29-a", "2026-12-31-a-1-b"})
    EXPECT_TRUE(is_incident_id(good)) << good;
  for (const std::string& bad :
       {std::string{""}, std::string{"2026-03-01"}, std::string{"2026-03-01-"},
        std::string{"2026-02-30-a"}, std::string{"2026-03-01-A"}, std::string{"2026-03-01-a/b"},
        std::string{"2026-03-01-a-"}, std::string{"2026-03-01-a.md"},
        std::string{"2026-03-01-\u00E4"}, std::string{"2026-03-01-a\0b", 14},
        "2026-03-01-" + std::string(200, 'a'), std::string{"../2026-03-01-a"}})
    EXPECT_FALSE(is_incident_id(bad)) << bad;
}

TEST(IncidentId, OnlyUrlsUnderTheBaseAreTaken) {
  const std::string base = "https://docs.example.org/trust/incidents/";
  for (const std::string& good :
       {std::string{"2026-03-01-dns"}, base + "2026-03-01-dns/", base + "2026-03-01-dns"}) {
    EXPECT_EQ(*incident_id_from(base, good), "2026-03-01-dns") << good;
    EXPECT_EQ(*incident_id_from(base.substr(0, base.size() - 1), good), "2026-03-01-dns") << good;
  }
  for (const std::string& bad :
       {std::string{"https://evil.example/2026-03-01-dns/"}, base, base + "a",
        base + "2026-03-01-dns/x", base + "2026-03-01-dns/?a=b", base + "2026-03-01-dns#x",
        base + "../2026-03-01-dns/", base + "2026-03-01-dns//",
        std::string{"https://docs.example.org/trust/incidents2026-03-01-dns/"},
        std::string{"https://docs.example.org@evil.example/trust/incidents/2026-03-01-dns/"},
        std::string{"HTTPS://docs.example.org/trust/incidents/2026-03-01-dns/"},
        std::string{"file:///2026-03-01-dns"}})
    EXPECT_EQ(incident_id_from(base, bad).error().fault(), Fault::invalid) << bad;
  EXPECT_EQ(url_of(base, "2026-03-01-dns"), base + "2026-03-01-dns/");
}

TEST(Services, NamesAreMatchedWithoutCaseAndPunctuation) {
  EXPECT_EQ(folded_service(" Haven-DNS "), "haven dns");
  EXPECT_EQ(folded_service("haven_dns"), folded_service("Haven  DNS"));
  EXPECT_EQ(services_text(services_from("A b; ;a-b;--;C"), "|"), "A b|C");
  EXPECT_EQ(services_from(std::string(200, 'x')).size(), 0U);
}

TEST(Duration, IsSaidInWords) {
  const UtcTime start = *parse_rfc3339("2026-03-01T09:12:00Z");
  EXPECT_EQ(duration_text(start, start + 51min), "51 min");
  EXPECT_EQ(duration_text(start, start + 26h + 5min), "1 d 2 h 5 min");
  EXPECT_EQ(duration_text(start, start), "0 min");
  EXPECT_EQ(duration_text(start, std::nullopt), "ongoing");
  EXPECT_EQ(duration_text(std::nullopt, start), "");
  EXPECT_EQ(duration_text(start, start - 1min), "");
}

class IncidentStoreTest : public NotifierStoreTest {
 protected:
  Incident incident(const std::string& id) {
    Incident i{.id = id, .url = "https://docs.example.org/trust/incidents/" + id + "/"};
    i.title = "T";
    i.services = {"Haven DNS"};
    i.start = *parse_rfc3339("2026-03-01T09:12:00Z");
    return i;
  }
};

TEST_P(IncidentStoreTest, APageIsPublishedOnce) {
  IncidentStore incidents{c_};
  EXPECT_TRUE(*incidents.put_published(incident("2026-03-01-a"), clock_.now()));
  Incident later = incident("2026-03-01-a");
  later.title = "U";
  EXPECT_FALSE(*incidents.put_published(later, clock_.now() + 1h));
  const Incident i = **incidents.find("2026-03-01-a");
  EXPECT_EQ(i.title, "T");
  EXPECT_EQ(i.published_at, clock_.now());
  EXPECT_EQ(i.status, IncidentStatus::published);
  EXPECT_EQ(i.services, std::vector<std::string>{"Haven DNS"});
  EXPECT_FALSE(*incidents.find("2026-03-01-b"));
}

TEST_P(IncidentStoreTest, AReservedOneIsFilledInAndAWithdrawnOneStays) {
  IncidentStore incidents{c_};
  const store::Sql add{"add", R"sql(
      INSERT INTO incident (id, url, services, status, created_at, changed_at)
      VALUES ($1, $2, 'Sigil auth', $3, 1, 1))sql"};
  ASSERT_TRUE(c_.execute(
      add, {"2026-03-01-a", "https://docs.example.org/trust/incidents/2026-03-01-a/", "reserved"}));
  ASSERT_TRUE(c_.execute(
      add,
      {"2026-03-01-b", "https://docs.example.org/trust/incidents/2026-03-01-b/", "withdrawn"}));
  Incident page = incident("2026-03-01-a");
  page.services.clear();
  EXPECT_TRUE(*incidents.put_published(page, clock_.now()));
  EXPECT_EQ((**incidents.find("2026-03-01-a")).services, std::vector<std::string>{"Sigil auth"});
  EXPECT_FALSE(*incidents.put_published(incident("2026-03-01-b"), clock_.now()));
  EXPECT_EQ((**incidents.find("2026-03-01-b")).status, IncidentStatus::withdrawn);
  EXPECT_EQ(incidents.list()->front().id, "2026-03-01-b");
}

TEST_P(IncidentStoreTest, VersionsAreAChainPerPage) {
  IncidentStore incidents{c_};
  EXPECT_TRUE(*incidents.add_version("u1", "one\xFF", clock_.now()));
  EXPECT_FALSE(*incidents.add_version("u1", "one\xFF", clock_.now()));
  EXPECT_TRUE(*incidents.add_version("u2", "one", clock_.now()));
  EXPECT_TRUE(*incidents.add_version("u1", "two", clock_.now()));
  EXPECT_TRUE(*incidents.add_version("u1", "one\xFF", clock_.now()));
  const auto versions = *incidents.versions();
  ASSERT_EQ(versions.size(), 4U);
  EXPECT_EQ(versions[0].previous, "");
  EXPECT_EQ(versions[1].previous, "");
  EXPECT_EQ(versions[2].previous, versions[0].digest);
  EXPECT_EQ(versions[3].previous, versions[2].digest);
  EXPECT_EQ(versions[3].digest, versions[0].digest);
}

TEST_P(IncidentStoreTest, FactsAreReplaced) {
  store::MetaStore facts{c_};
  EXPECT_FALSE(*facts.get(store::Fact::last_look));
  ASSERT_TRUE(facts.put(store::Fact::last_look, "1"));
  ASSERT_TRUE(facts.put(store::Fact::last_look, "2"));
  EXPECT_EQ(*facts.get(store::Fact::last_look), "2");
  EXPECT_FALSE(*facts.get(store::Fact::first_look));
}

INSTANTIATE_TEST_SUITE_P(Stores, IncidentStoreTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
