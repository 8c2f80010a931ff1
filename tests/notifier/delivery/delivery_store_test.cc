#include "notifier/delivery/delivery_store.h"

#include <gtest/gtest.h>

#include "lib/outbox/outbox_store.h"
#include "notifier/delivery/mail_composer.h"
#include "tests/notifier/notifier_store.h"

namespace trust::notifier {
namespace {

using namespace std::chrono_literals;

class DeliveryStoreTest : public NotifierStoreTest {
 protected:
  DeliveryStore deliveries_{c_};
  AnnouncementStore announcements_{c_};
  const Stationery stationery_{
      {"Example Trust", "trust@example.org"}, "incidents.example.org", {}, {}};
  const render::MailTemplate confirmation_ =
      *render::load_mail_template("templates", confirmation_template());

  Announcement fanned_out(const std::string& id, const std::vector<std::string>& services = {},
                          AnnouncementState state = AnnouncementState::holding) {
    Announcement a = announcement(id, services);
    if (state == AnnouncementState::held) {
      EXPECT_TRUE(c_.execute(
          store::Sql{"hold", "UPDATE announcement SET state = 'held' WHERE id = $1"}, {a.id}));
      a.state = state;
    }
    const auto n = deliveries_.fan_out(a, "example.org");
    EXPECT_TRUE(n);
    a.recipients = n ? *n : -1;
    EXPECT_TRUE(announcements_.set_recipients(a.id, a.recipients));
    return a;
  }
  std::vector<outbox::ClaimedMail> claim() {
    return *outbox::OutboxStore{c_}.claim("w", 100, clock_.now(), clock_.now() + 1min);
  }
  MailComposer composer() { return {stationery_, confirmation_, keyring_, clock_}; }
  std::string outcome_of(const outbox::ClaimedMail& mail) {
    MailComposer c = composer();
    const auto made = c.compose(c_, mail);
    if (!made) return std::string{name_of(made.error().fault())};
    if (const auto* state = std::get_if<outbox::State>(&*made)) return std::string{name_of(*state)};
    return std::get<outbox::Composed>(*made).recipient;
  }
};

TEST_P(DeliveryStoreTest, ConfirmedReadersOfItsServicesAreFrozen) {
  subscribe("all@example.org");
  subscribe("dns@example.org", {"haven dns"});
  subscribe("vpn@example.org", {"wraithvpn"});
  subscribe("both@example.org", {"haven dns", "wraithvpn"});
  subscribe("gone@example.org");
  leave("gone@example.org");
  ASSERT_TRUE(
      (SubscriberStore{c_, keyring_}.ask("asked@example.org", {}, {"x", "command", clock_.now()})));

  EXPECT_EQ(*deliveries_.count_readers({"Haven-DNS", "WraithVPN"}), 4);
  EXPECT_EQ(*deliveries_.count_readers({"haven-dns"}), 3);
  EXPECT_EQ(*deliveries_.count_readers({}), 4);
  EXPECT_EQ(fanned_out("2026-11-20-dns", {"haven-dns"}).recipients, 3);
  EXPECT_EQ(fanned_out("2026-11-20-none", {"Sigil auth"}).recipients, 1);
  EXPECT_EQ(fanned_out("2026-11-20-two", {"Haven DNS", "WraithVPN"}).recipients, 4);
  EXPECT_EQ(fanned_out("2026-11-20-unknown").recipients, 4);

  subscribe("later@example.org");
  EXPECT_EQ(
      count("SELECT COUNT(*) FROM outbox WHERE reader = '" + id_of("later@example.org") + "'"), 0);
  // Each delivery has a name of its own, which is the left side of its Message-ID.
  EXPECT_EQ(count("SELECT COUNT(DISTINCT id) FROM outbox WHERE LENGTH(id) = 20 AND message_id = id "
                  "|| '@example.org'"),
            12);
}

TEST_P(DeliveryStoreTest, NothingIsDueBeforeTheHoldIsOver) {
  subscribe("ann@example.org");
  const Announcement a = fanned_out("2026-11-20-dns");
  clock_.time += 10min - 1s;
  EXPECT_TRUE(claim().empty());
  EXPECT_FALSE(*deliveries_.release(a.id, clock_.now()));
  clock_.time += 1s;
  EXPECT_EQ(claim().size(), 1U);
  EXPECT_TRUE(*deliveries_.release(a.id, clock_.now()));
  EXPECT_FALSE(*deliveries_.release(a.id, clock_.now()));
}

TEST_P(DeliveryStoreTest, AHeldOneWaitsUntilStaffSayYes) {
  subscribe("ann@example.org");
  const Announcement a = fanned_out("2026-11-20-dns", {}, AnnouncementState::held);
  clock_.time += 24h * 400;
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(*outbox::OutboxStore{c_}.expire(clock_.now()), 0);
  EXPECT_TRUE(*deliveries_.resume(a.id, clock_.now() + 10min, clock_.now()));
  EXPECT_FALSE(*deliveries_.resume(a.id, clock_.now(), clock_.now()));
  EXPECT_TRUE(claim().empty());
  clock_.time += 10min;
  const auto mails = claim();
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(outcome_of(mails[0]), "ann@example.org");
}

TEST_P(DeliveryStoreTest, NobodyIsLostBecauseTheServiceWasDownForAWeek) {
  subscribe("ann@example.org");
  const Announcement a = fanned_out("2026-11-20-dns");
  clock_.time += 24h * 7;
  EXPECT_TRUE(*deliveries_.release(a.id, clock_.now()));
  EXPECT_EQ(*outbox::OutboxStore{c_}.expire(clock_.now()), 0);
  EXPECT_EQ(claim().size(), 1U);
}

TEST_P(DeliveryStoreTest, ACountThatDiffersStopsEverything) {
  subscribe("ann@example.org");
  const Announcement a = fanned_out("2026-11-20-dns");
  ASSERT_TRUE(announcements_.set_recipients(a.id, 2));
  clock_.time += 10min;
  const auto mails = claim();
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(outcome_of(mails[0]), "unavailable");
  EXPECT_EQ(deliveries_.release(a.id, clock_.now()).error().fault(), Fault::internal);
  EXPECT_EQ(announcements_.standing(a.id)->value().state, AnnouncementState::holding);
}

TEST_P(DeliveryStoreTest, WordsThatCannotBeReadLoseNoReader) {
  subscribe("ann@example.org");
  const Announcement a = fanned_out("2026-11-20-dns");
  ASSERT_TRUE(c_.execute(store::Sql{"spoil", "UPDATE template_version SET text = '{{#open'"}));
  clock_.time += 10min;
  const auto mails = claim();
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_EQ(outcome_of(mails[0]), "unavailable");
}

TEST_P(DeliveryStoreTest, TheRightToSendIsReadWhenTheMailIsSent) {
  for (const char* name : {"stays", "leaves", "never", "erased"})
    subscribe(std::string{name} + "@example.org");
  fanned_out("2026-11-20-dns");
  leave("leaves@example.org");
  suppress("never@example.org");
  ASSERT_TRUE(c_.execute(
      store::Sql{"erase", "DELETE FROM subscriber WHERE address = 'erased@example.org'"}));
  clock_.time += 10min;
  std::map<std::string, int> outcomes;
  for (const auto& mail : claim()) ++outcomes[outcome_of(mail)];
  EXPECT_EQ(outcomes,
            (std::map<std::string, int>{{"stays@example.org", 1}, {"left", 2}, {"suppressed", 1}}));
}

TEST_P(DeliveryStoreTest, WhoLeavesOnceTheMailIsMadeStillGetsNone) {
  for (const char* name : {"stays", "leaves", "never"})
    subscribe(std::string{name} + "@example.org");
  fanned_out("2026-11-20-dns");
  clock_.time += 10min;
  MailComposer composer = this->composer();
  std::vector<std::pair<outbox::ClaimedMail, outbox::Composed>> made;
  for (const auto& mail : claim())
    made.emplace_back(mail, std::get<outbox::Composed>(*composer.compose(c_, mail)));
  ASSERT_EQ(made.size(), 3U);
  leave("leaves@example.org");
  suppress("never@example.org");
  const auto wanted = [&](const auto& pair) {
    std::string answer = "sent";
    EXPECT_TRUE(c_.transaction([&](store::Connection& c) -> Status {
      const auto against = composer.still_wanted(c, pair.first, pair.second);
      if (!against) return against.error();
      if (*against) answer = name_of(**against);
      return ok();
    }));
    return answer;
  };
  std::map<std::string, std::string> answers;
  for (const auto& pair : made) answers[pair.second.recipient] = wanted(pair);
  EXPECT_EQ(answers["stays@example.org"], "sent");
  EXPECT_EQ(answers["leaves@example.org"], "left");
  EXPECT_EQ(answers["never@example.org"], "suppressed");
  ASSERT_TRUE(*announcements_.cancel(made[0].first.batch));
  for (const auto& pair : made) EXPECT_EQ(wanted(pair), "cancelled");
}

TEST_P(DeliveryStoreTest, TheReportCloses) {
  for (int i = 0; i < 12; ++i) subscribe("r" + std::to_string(i) + "@example.org");
  const Announcement a = fanned_out("2026-11-20-dns");
  const char* states[] = {"queued",   "claimed",   "sending",   "deferred",
                          "accepted", "failed",    "uncertain", "suppressed",
                          "left",     "cancelled", "accepted",  "uncertain"};
  const auto rows = c_.query(store::Sql{"ids", "SELECT id FROM outbox ORDER BY id", "t"});
  const store::Sql set{"set", "UPDATE outbox SET state = $1, uncertain_once = $2 WHERE id = $3"};
  for (std::size_t i = 0; i < 12; ++i)
    ASSERT_TRUE(c_.execute(set, {states[i], i >= 10 ? 1 : 0, (*rows)[i][0].text()}));
  const Report report = *deliveries_.report(a);
  EXPECT_EQ(report.accepted, 2);
  EXPECT_EQ(report.uncertain, 2);
  EXPECT_EQ(report.uncertain_waiting, 1);
  EXPECT_EQ(report.eligible(), 12);
  EXPECT_TRUE(report.closes());
  EXPECT_FALSE(report.is_finished());
  EXPECT_FALSE(*deliveries_.is_finished(a.id));

  // Each of the five that are not at rest keeps it from being finished.
  for (std::size_t kept : {0U, 1U, 2U, 3U, 6U}) {
    for (std::size_t i : {0U, 1U, 2U, 3U, 6U})
      ASSERT_TRUE(c_.execute(set, {i == kept ? states[i] : "accepted", 0, (*rows)[i][0].text()}));
    EXPECT_FALSE(deliveries_.report(a)->is_finished()) << states[kept];
    EXPECT_FALSE(*deliveries_.is_finished(a.id)) << states[kept];
  }
  for (std::size_t i : {0U, 1U, 2U, 3U, 6U})
    ASSERT_TRUE(c_.execute(set, {"accepted", 0, (*rows)[i][0].text()}));
  EXPECT_TRUE(deliveries_.report(a)->is_finished());
  EXPECT_TRUE(*deliveries_.is_finished(a.id));
  EXPECT_EQ(deliveries_.undelivered(a.id, 10)->size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Stores, DeliveryStoreTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
