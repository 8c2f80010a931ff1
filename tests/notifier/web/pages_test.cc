#include "notifier/web/pages.h"

#include <gtest/gtest.h>

#include "lib/web/guard.h"
#include "tests/notifier/notifier_store.h"

namespace trust::notifier {
namespace {

class PagesTest : public NotifierStoreTest {
 protected:
  web::Response ask(const std::string& method, const std::string& path, const std::string& body,
                    std::map<std::string, std::string> fields = {}) {
    fields.emplace("origin", "https://lists.example.org");
    return router_.answer({method, path, "", std::move(fields), body, "192.0.2.1"}).response;
  }
  std::string form(const std::string& address) {
    return "address=" + address + "&form=" + web::form_token(keyring_, "subscribe", clock_.now());
  }

  PagesParts parts_{store_.database(),
                    keyring_,
                    clock_,
                    "https://lists.example.org",
                    "https://docs.example.org/trust/incidents/",
                    "example.org",
                    {},
                    {"Haven <DNS>", "Sigil"}};
  web::Router router_{public_routes(parts_, *PageWords::load("templates"))};
};

TEST_P(PagesTest, TheFormShowsItsChoiceEscapedAndTheWordsThatAreKept) {
  const std::string page = ask("GET", "/subscribe", "").body;
  EXPECT_NE(page.find("Haven &lt;DNS&gt;"), std::string::npos);
  EXPECT_EQ(page.find("<DNS>"), std::string::npos);
  EXPECT_NE(page.find("<title>Mail about post-mortems</title>"), std::string::npos);
  EXPECT_EQ(ask("POST", "/subscribe", form("r1%40example.net") + "&service=Sigil").status, 200);
  const Subscriber reader = **SubscriberStore{c_, keyring_}.find("r1@example.net");
  EXPECT_NE(page.find(reader.consent_text), std::string::npos);
  EXPECT_EQ(reader.services, std::vector<std::string>{"sigil"});
}

TEST_P(PagesTest, SEC_44_ANetworkAsksTwentyTimesAnHour) {
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(ask("POST", "/subscribe", form("r" + std::to_string(i) + "%40example.net")).status,
              200);
  EXPECT_EQ(ask("POST", "/subscribe", form("r99%40example.net")).status, 429);
  EXPECT_EQ(count("SELECT COUNT(*) FROM subscriber"), 20);
}

TEST_P(PagesTest, AFormOfYesterdayIsRefused) {
  const std::string sent = form("r1%40example.net");
  clock_.time += std::chrono::hours{13};
  EXPECT_EQ(ask("POST", "/subscribe", sent).status, 403);
  EXPECT_EQ(count("SELECT COUNT(*) FROM subscriber"), 0);
}

TEST_P(PagesTest, WithoutItsStoreAPageSaysSoAndUnsubscribingIsTriedAgain) {
  subscribe("r1@example.net");
  PagesParts parts = parts_;
  parts.database = *store::Database::at("sqlite:/nowhere/at/all.db");
  const web::Router router{public_routes(parts, *PageWords::load("templates"))};
  const std::string token = keyring_.sign(Purpose::unsubscribe, "0123456789");
  EXPECT_EQ(
      router.answer({"POST", "/unsubscribe", "t=" + token, {}, "List-Unsubscribe=One-Click", ""})
          .response.status,
      503);
}

INSTANTIATE_TEST_SUITE_P(Stores, PagesTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
