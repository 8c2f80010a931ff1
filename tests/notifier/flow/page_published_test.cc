// From a published page to its mail: every reader once, whoever dies, cancels or tries twice.
#include "notifier/flow/page_published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "lib/outbox/outbox_store.h"
#include "notifier/delivery/delivery_store.h"
#include "notifier/flow/staff_decided.h"
#include "tests/notifier/flow/flow_fixture.h"

namespace trust::notifier {
namespace {

class PagePublishedTest : public FlowTest {};

TEST_P(PagePublishedTest, ANewPageReachesEveryConfirmedReaderOnceAfterItsHold) {
  settle();
  for (int i = 0; i < 20; ++i) subscribe("r" + std::to_string(i) + "@example.org");
  folder_.put("2026-11-23-dns.mdx", kPublishedText);
  EXPECT_EQ(look()->announced, 1);
  EXPECT_EQ(look()->announced, 0);
  // Staff know at the start of the hold; readers do not.
  ASSERT_TRUE(run());
  EXPECT_EQ(relay_.told, (std::multiset<std::string>{"ana@example.org", "bo@example.org"}));
  subscribe("later@example.org");
  leave("r7@example.org");
  clock_.time += 10min;
  ASSERT_TRUE(run());
  ASSERT_TRUE(run());
  EXPECT_EQ(relay_.told.size(), 2U + 19U);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(told("r" + std::to_string(i) + "@example.org"), i == 7 ? 0 : 1);
  EXPECT_EQ(told("later@example.org"), 0);
  const Announcement a = AnnouncementStore{c_}.list()->front();
  EXPECT_EQ(a.state, AnnouncementState::finished);
  const Report report = *DeliveryStore{c_}.report(a);
  EXPECT_EQ(report.accepted, 19);
  EXPECT_EQ(report.left, 1);
  EXPECT_TRUE(report.closes() && report.is_finished());
}

TEST_P(PagePublishedTest, ManyAtOnceMakeOneAnnouncement) {
  for (int i = 0; i < 50; ++i) subscribe("r" + std::to_string(i) + "@example.org");
  std::atomic<int> made{0}, refused{0}, other{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      store::Connection c = store_.connect();
      const auto done = page_published(c, keyring_, office_, page("2026-11-23-dns"),
                                       {"site", "", false}, clock_.now());
      ++(done ? made : done.error().fault() == Fault::conflict ? refused : other);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(count("SELECT COUNT(*) FROM outbox WHERE kind = 'announcement'"), 50);
  EXPECT_EQ(count("SELECT recipients FROM announcement"), 50);
  EXPECT_EQ(count("SELECT COUNT(*) FROM outbox WHERE kind = 'notice'"), 2);
}

TEST_P(PagePublishedTest, KilledWhileAnnouncingNothingOfItIsThere) {
  subscribe("ann@example.org");
  settle();
  folder_.put("2026-11-23-dns.mdx", kPublishedText);
  // The last step of the transaction fails as if the program had died there.
  Office broken = office_;
  broken.staff.push_back({"", "not an address"});
  EXPECT_FALSE(look_at_site(c_, keyring_, broken, site_, clock_.now()) && announcements() > 0);
  EXPECT_EQ(count("SELECT (SELECT COUNT(*) FROM announcement) + (SELECT COUNT(*) FROM outbox) + "
                  "(SELECT COUNT(*) FROM incident)"),
            0);
  EXPECT_EQ(look()->announced, 1);
  clock_.time += 10min;
  ASSERT_TRUE(run());
  EXPECT_EQ(told("ann@example.org"), 1);
}

TEST_P(PagePublishedTest, KilledWhileSendingNobodyIsLostAndNobodyToldTwice) {
  for (int i = 0; i < 10; ++i) subscribe("r" + std::to_string(i) + "@example.org");
  const Announcement a = *publish("2026-11-23-dns", {"ana@example.org", "", true});
  // A worker died with three rows claimed, of which one is past its mark, and one answer lost.
  const auto rows = c_.query(
      store::Sql{"ids", "SELECT id FROM outbox WHERE kind = 'announcement' ORDER BY id", "t"});
  const store::Sql hold{
      "hold", "UPDATE outbox SET state = $1, owner = 'dead', lease_until = $2 WHERE id = $3"};
  const UtcTime lease = clock_.now() + 2min;
  ASSERT_TRUE(c_.execute(hold, {"claimed", lease, (*rows)[0][0].text()}));
  ASSERT_TRUE(c_.execute(hold, {"claimed", lease, (*rows)[1][0].text()}));
  ASSERT_TRUE(c_.execute(hold, {"sending", lease, (*rows)[2][0].text()}));
  ASSERT_TRUE(run());
  std::int64_t readers = 0;
  for (int i = 0; i < 10; ++i) readers += told("r" + std::to_string(i) + "@example.org");
  EXPECT_EQ(readers, 9);
  Report report = *DeliveryStore{c_}.report(a);
  EXPECT_EQ(report.accepted, 9);
  EXPECT_EQ(report.uncertain_waiting, 1);
  EXPECT_TRUE(report.closes());
  EXPECT_FALSE(report.is_finished());
  EXPECT_EQ(state_of(a.id), AnnouncementState::sending);

  clock_.time += 15min;
  // The pause is over: the worker queues it once more, with the same Message-ID.
  ASSERT_TRUE(outbox::OutboxStore{c_}.queue_uncertain_again(clock_.now(), 15min));
  ASSERT_TRUE(run());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(told("r" + std::to_string(i) + "@example.org"), 1);
    EXPECT_EQ(relay_.message_ids["r" + std::to_string(i) + "@example.org"].size(), 1U);
  }
  report = *DeliveryStore{c_}.report(a);
  EXPECT_EQ(report.accepted, 10);
  EXPECT_EQ(state_of(a.id), AnnouncementState::finished);
}

TEST_P(PagePublishedTest, TheSecondSendingIsTheSameMail) {
  subscribe("ann@example.org");
  relay_.silent = {"ann@example.org"};
  ASSERT_TRUE(publish("2026-11-23-dns", {"ana@example.org", "", true}));
  ASSERT_TRUE(run());
  clock_.time += 15min;
  ASSERT_TRUE(outbox::OutboxStore{c_}.queue_uncertain_again(clock_.now(), 15min));
  ASSERT_TRUE(run());
  EXPECT_EQ(told("ann@example.org"), 2);
  EXPECT_EQ(relay_.message_ids["ann@example.org"].size(), 1U);
  // A second uncertain is final, and finishes the announcement.
  const Report report = *DeliveryStore{c_}.report(AnnouncementStore{c_}.list()->front());
  EXPECT_EQ(report.uncertain, 1);
  EXPECT_TRUE(report.is_finished());
}

TEST_P(PagePublishedTest, CancelledInItsHoldItTellsNobodyAndMayBeMadeAgain) {
  for (int i = 0; i < 5; ++i) subscribe("r" + std::to_string(i) + "@example.org");
  const Announcement a = *publish("2026-11-23-dns");
  EXPECT_EQ(publish("2026-11-23-dns").error().fault(), Fault::conflict);
  EXPECT_EQ(*cancel_announcement(c_, a.id, clock_.now()), 5);
  EXPECT_EQ(cancel_announcement(c_, a.id, clock_.now()).error().fault(), Fault::conflict);
  EXPECT_EQ(cancel_announcement(c_, "none", clock_.now()).error().fault(), Fault::not_found);
  clock_.time += 1h;
  ASSERT_TRUE(run());
  EXPECT_EQ(relay_.told.size(), 2U);  // staff alone
  EXPECT_TRUE(DeliveryStore{c_}.report(a)->is_finished());

  const auto again = publish("2026-11-23-dns", {"ana@example.org", "", true});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->number, 2);
  ASSERT_TRUE(run());
  EXPECT_EQ(told("r1@example.org"), 1);
  // Somebody was told now, so it cannot be made a third time.
  EXPECT_EQ(publish("2026-11-23-dns").error().fault(), Fault::conflict);
}

TEST_P(PagePublishedTest, CancelledWhileSendingTheRestIsNotTold) {
  for (int i = 0; i < 5; ++i) subscribe("r" + std::to_string(i) + "@example.org");
  const Announcement a = *publish("2026-11-23-dns", {"ana@example.org", "", true});
  const store::Sql one{"one",
                       "UPDATE outbox SET state = 'accepted' WHERE id = (SELECT MIN(id) FROM "
                       "outbox WHERE kind = 'announcement')"};
  ASSERT_TRUE(c_.execute(one));
  EXPECT_EQ(*cancel_announcement(c_, a.id, clock_.now()), 4);
  ASSERT_TRUE(run());
  EXPECT_EQ(relay_.told.size(), 2U);
  EXPECT_EQ(DeliveryStore{c_}.report(a)->cancelled, 4);
  EXPECT_EQ(publish("2026-11-23-dns").error().fault(), Fault::conflict);
}

TEST_P(PagePublishedTest, AWithdrawnIncidentIsNotAnnounced) {
  ASSERT_TRUE(publish("2026-11-22-x"));
  ASSERT_TRUE(c_.execute(store::Sql{
      "withdraw", "UPDATE incident SET status = 'withdrawn' WHERE id = '2026-11-22-x'"}));
  EXPECT_EQ(publish("2026-11-22-x").error().fault(), Fault::conflict);
}

TEST_P(PagePublishedTest, AHostileTitleStillMakesAMail) {
  subscribe("ann@example.org");
  const Page hostile =
      page("2026-11-23-dns", "---\ntitle: \"a\\r\\nBcc: eve@example.com\\x01\\x85\\u202E\"\n---\n" +
                                 std::string{kPublishedText} + "\x02\x1B[31m\n");
  ASSERT_TRUE(page_published(c_, keyring_, office_, hostile, {"site", "", true}, clock_.now()));
  ASSERT_TRUE(run());
  EXPECT_EQ(told("ann@example.org"), 1);
  EXPECT_EQ(told("eve@example.com"), 0);
}

TEST_P(PagePublishedTest, ItStopsWhenAskedAlthoughTheSiteStalls) {
  subscribe("ann@example.org");
  ASSERT_TRUE(publish("2026-11-23-dns", {"ana@example.org", "", true}));
  std::atomic<bool> asked{false}, let_go{false};
  site_.folder.reset();
  site_.fetch = [&](const std::string&) -> Result<net::HttpAnswer> {
    asked = true;
    while (!let_go) std::this_thread::yield();
    return Error{Fault::unavailable, "too slow"};
  };
  StopSignal stop;
  Service service{{store_.database(),
                   keyring_,
                   office_,
                   site_,
                   clock_,
                   1min,
                   {},
                   [this] { return std::make_unique<FakeRelay::Line>(relay_); }},
                  stop};
  ASSERT_TRUE(service.start());
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while ((!asked || told_count() < 3) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  stop.end_round();
  EXPECT_FALSE(service.end()) << "the site keeps a thread";
  let_go = true;
  EXPECT_TRUE(service.end());
  EXPECT_EQ(told("ann@example.org"), 1);

  // The same service again, as after settings that could not be used.
  ASSERT_TRUE(stop.begin_round());
  subscribe("bea@example.org");
  ASSERT_TRUE(publish("2026-11-24-dns", {"ana@example.org", "", true}));
  ASSERT_TRUE(service.start());
  while (told("bea@example.org") == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  stop.request();
  EXPECT_TRUE(service.end());
  EXPECT_TRUE(service.end()) << "asked once more, nothing is left to end";
  EXPECT_EQ(told("bea@example.org"), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, PagePublishedTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
