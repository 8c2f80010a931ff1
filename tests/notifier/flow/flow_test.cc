#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "lib/outbox/outbox_store.h"
#include "notifier/delivery/delivery_store.h"
#include "notifier/flow/clock_ticked.h"
#include "notifier/flow/page_published.h"
#include "notifier/flow/register_page.h"
#include "notifier/flow/service.h"
#include "notifier/flow/site_looked_at.h"
#include "notifier/flow/staff_decided.h"
#include "notifier/page/markdown.h"
#include "tests/notifier/notifier_folder.h"
#include "tests/notifier/notifier_store.h"

namespace trust::notifier {
namespace {

using namespace std::chrono_literals;

/// A relay that takes everything, and remembers for whom.
struct FakeRelay {
  std::mutex mutex;
  std::multiset<std::string> told;
  std::map<std::string, std::set<std::string>> message_ids;  ///< by recipient
  std::set<std::string> silent;                              ///< the answer after the dot is lost
  std::function<void()> at_dot;

  class Line : public mail::Transport {
   public:
    explicit Line(FakeRelay& relay) : relay_{relay} {}
    mail::SendResult send(const mail::Envelope& envelope, std::string_view message,
                          const BeforeDot& before_dot) override {
      if (!before_dot()) return {.outcome = mail::Outcome::held_back};
      const std::scoped_lock lock{relay_.mutex};
      if (relay_.at_dot) relay_.at_dot();
      relay_.told.insert(envelope.to);
      const std::size_t at = message.find("Message-ID:");
      relay_.message_ids[envelope.to].insert(
          std::string{message.substr(at, message.find('\r', at) - at)});
      if (relay_.silent.contains(envelope.to)) return {.outcome = mail::Outcome::uncertain};
      return {.outcome = mail::Outcome::accepted, .code = 250};
    }
    void close() override {}

   private:
    FakeRelay& relay_;
  };
};

class FlowTest : public NotifierStoreTest {
 protected:
  FlowTest() {
    site_.base_url = "https://docs.example.org/trust/incidents/";
    site_.selectors = "main";
    site_.folder = folder_.path();
    site_.fetch = [this](const std::string&) -> Result<net::HttpAnswer> { return live_; };
  }

  Result<Looked> look() { return look_at_site(c_, keyring_, office_, site_, clock_.now()); }
  /// A first look at an empty folder, so that what comes is new.
  void settle() { ASSERT_TRUE(look()); }
  Page page(const std::string& id, const std::string& text = kPublishedText) {
    return {id, site_.base_url + id + "/", *read_markdown(text)};
  }
  Result<Announcement> publish(const std::string& id,
                               const Occasion& occasion = {"ana@example.org", "", false}) {
    return page_published(c_, keyring_, office_, page(id), occasion, clock_.now());
  }
  Status run() {
    const Idle idle = run_until_idle({store_.database(),
                                      keyring_,
                                      office_,
                                      site_,
                                      clock_,
                                      1min,
                                      {.connections = 2, .uncertain_pause = 15min},
                                      [this] { return std::make_unique<FakeRelay::Line>(relay_); }},
                                     stop_);
    return idle.sent ? idle.looked : idle.sent;
  }
  AnnouncementState state_of(const std::string& id) {
    return AnnouncementStore{c_}.standing(id)->value().state;
  }
  std::int64_t announcements() { return count("SELECT COUNT(*) FROM announcement"); }
  std::int64_t told(const std::string& address) {
    return static_cast<std::int64_t>(relay_.told.count(address));
  }

  std::size_t told_count() {
    const std::scoped_lock lock{relay_.mutex};
    return relay_.told.size();
  }

  NotifierFolder folder_;
  Site site_;
  Result<net::HttpAnswer> live_ = net::HttpAnswer{200, "text/html", "<main>there</main>"};
  Office office_{{{"Example Trust", "trust@example.org"}, "incidents.example.org", {}, {}},
                 {{"Ana", "ana@example.org"}, {"", "bo@example.org"}},
                 *render::load_mail_template("templates", announcement_template()),
                 *render::load_mail_template("templates", notice_template()),
                 10min,
                 5};
  FakeRelay relay_;
  StopSignal stop_;
};

TEST_P(FlowTest, TheFirstLookTellsNobodyOfWhatWasThereBefore) {
  subscribe("ann@example.org");
  for (int i = 10; i < 22; ++i)
    folder_.put("2026-11-" + std::to_string(i) + "-old.mdx", kPublishedText);
  folder_.put("2026-11-22-later.mdx", kPlaceholderText);
  const auto first = look();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->before_us, 12);
  EXPECT_EQ(first->placeholders, 1);
  ASSERT_TRUE(look());
  ASSERT_TRUE(run());
  EXPECT_EQ(announcements(), 0);
  EXPECT_EQ(relay_.told.size(), 0U);
  EXPECT_EQ(count("SELECT COUNT(*) FROM incident WHERE before_us = 1"), 12);
  EXPECT_EQ(count("SELECT COUNT(*) FROM page_version"), 12);

  // The placeholder was watched, and was never `before us`.
  folder_.put("2026-11-22-later.mdx", kPublishedText);
  EXPECT_EQ(look()->announced, 1);
  EXPECT_EQ(count("SELECT COUNT(*) FROM incident WHERE id = '2026-11-22-later' AND before_us = 0"),
            1);
}

TEST_P(FlowTest, AFolderThatCannotBeReadIsNoFirstLook) {
  site_.folder = folder_.path() + "/none";
  EXPECT_EQ(look().error().fault(), Fault::unavailable);
  EXPECT_EQ(run().error().fault(), Fault::unavailable);
  site_.folder = folder_.path();
  folder_.put("2026-11-20-old.mdx", kPublishedText);
  EXPECT_EQ(look()->before_us, 1);
}

TEST_P(FlowTest, ANewPageReachesEveryConfirmedReaderOnceAfterItsHold) {
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

TEST_P(FlowTest, ManyOrOldPagesAreHeldUntilStaffSayYes) {
  settle();
  subscribe("ann@example.org");
  for (const char* id : {"2026-11-21-a", "2026-11-22-b", "2026-11-23-c"})
    folder_.put(std::string{id} + ".mdx", kPublishedText);
  EXPECT_EQ(look()->held, 3);
  folder_.put("2026-10-01-d.mdx", kPublishedText);
  EXPECT_EQ(look()->held, 1);
  clock_.time += 24h;
  ASSERT_TRUE(run());
  EXPECT_EQ(told("ann@example.org"), 0);
  EXPECT_EQ(told("ana@example.org"), 4);
  EXPECT_EQ(count("SELECT COUNT(*) FROM announcement WHERE held_because = 'several_new'"), 3);
  const std::string id =
      AnnouncementStore{c_}
          .of_page(site_.base_url + "2026-10-01-d/", AnnouncementKind::post_mortem)
          ->front()
          .id;
  EXPECT_EQ(publish("2026-10-01-d").error().fault(), Fault::conflict);
  ASSERT_TRUE(resume_announcement(c_, id, 10min, clock_.now()));
  EXPECT_EQ(resume_announcement(c_, id, 10min, clock_.now()).error().fault(), Fault::conflict);
  EXPECT_EQ(resume_announcement(c_, "none", 10min, clock_.now()).error().fault(), Fault::not_found);
  clock_.time += 10min;
  ASSERT_TRUE(run());
  EXPECT_EQ(told("ann@example.org"), 1);
}

TEST_P(FlowTest, NobodyIsToldBeforeTheLivePageAnswers) {
  settle();
  subscribe("ann@example.org");
  folder_.put("2026-11-23-dns.mdx", kPublishedText);
  live_ = net::HttpAnswer{404, "", ""};
  EXPECT_EQ(look()->waiting, 1);
  EXPECT_EQ(page_to_announce(site_, "2026-11-23-dns").error().fault(), Fault::unavailable);
  live_ = Error{Fault::unavailable, "down"};
  EXPECT_EQ(look()->waiting, 1);
  EXPECT_EQ(announcements(), 0);
  site_.check_live = false;
  EXPECT_TRUE(page_to_announce(site_, "2026-11-23-dns"));
  site_.check_live = true;
  live_ = net::HttpAnswer{200, "", "<main>there</main>"};
  EXPECT_EQ(look()->announced, 1);
}

/// A site as browsers see it, without a folder.
class LiveSite {
 public:
  std::map<std::string, int> pages;  ///< id -> HTTP code; 0: a placeholder
  int history = 200;

  Result<net::HttpAnswer> operator()(const std::string& url) const {
    const std::string id =
        url.substr(std::string_view{"https://docs.example.org/trust/incidents/"}.size());
    if (id.empty()) {
      std::string links;
      for (const auto& [name, code] : pages) links += "<a href='" + name + "/'>x</a>";
      return net::HttpAnswer{history, "", "<main>" + links + "</main>"};
    }
    const int code = pages.at(id.substr(0, id.size() - 1));
    if (code < 0) return Error{Fault::unavailable, "too slow"};
    return net::HttpAnswer{
        code == 0 ? 200 : code, "",
        code == 0 ? "<main>reserved</main>"
                  : "<main><h2>Summary</h2>It broke.<h2>Root cause</h2>A cable.</main>"};
  }
};

TEST_P(FlowTest, WithoutAFolderTheHistoryPageIsWatched) {
  subscribe("ann@example.org");
  LiveSite live;
  live.pages = {{"2026-11-01-old", 200},
                {"2026-11-02-old", -1},
                {"2026-11-23-dns", 0},
                {"2026-11-03-gone", 404}};
  site_.folder.reset();
  site_.fetch = [&live](const std::string& url) { return live(url); };
  // One old page does not answer: the first look has not been.
  EXPECT_EQ(look().error().fault(), Fault::unavailable);
  live.pages["2026-11-02-old"] = 200;
  const auto first = look();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->before_us, 2);
  EXPECT_EQ(first->placeholders, 1);
  EXPECT_EQ(announcements(), 0);
  live.pages["2026-11-23-dns"] = 503;
  EXPECT_EQ(look()->waiting, 1);
  live.pages["2026-11-23-dns"] = 200;
  EXPECT_EQ(look()->announced, 1);
  EXPECT_EQ(look()->announced, 0);
  live.history = 503;
  EXPECT_EQ(look().error().fault(), Fault::unavailable);
}

TEST_P(FlowTest, ASiteWithoutAHistoryPageIsNoFailureAndNoLook) {
  LiveSite live;
  live.history = 404;
  site_.folder.reset();
  site_.fetch = [&live](const std::string& url) { return live(url); };
  ASSERT_TRUE(look());
  ASSERT_TRUE(run());
  live.history = 200;
  live.pages["2026-11-20-old"] = 200;
  EXPECT_EQ(look()->before_us, 1);
}

TEST_P(FlowTest, ItStopsWhenAskedAlthoughTheSiteStalls) {
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
  const ServiceParts parts{store_.database(), keyring_, office_, site_, clock_, 1min, {}, [this] {
                             return std::make_unique<FakeRelay::Line>(relay_);
                           }};
  std::thread person{[&] {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while ((!asked || told_count() < 3) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    stop.request();
    // The site answers only after the service has given it up, or would have.
    const auto later = std::chrono::steady_clock::now() + 4s;
    while (std::chrono::steady_clock::now() < later) stop_.wait_for(100ms);
    let_go = true;
  }};
  const auto ended = run_until_stopped(parts, stop);
  person.join();
  ASSERT_TRUE(ended);
  EXPECT_FALSE(*ended);
  EXPECT_EQ(told("ann@example.org"), 1);
  // The look that was given up ends now, before what it refers to does.
  stop_.wait_for(500ms);
}

TEST_P(FlowTest, APlaceholderIsRefused) {
  folder_.put("2026-11-23-dns.mdx", kPlaceholderText);
  EXPECT_EQ(page_to_announce(site_, "2026-11-23-dns").error().fault(), Fault::conflict);
  EXPECT_EQ(page_to_announce(site_, "2026-11-24-live").error().fault(), Fault::conflict);
  live_ =
      net::HttpAnswer{200, "", "<main><h2>Summary</h2>It broke.<h2>Root cause</h2>A cable.</main>"};
  const auto live = page_to_announce(site_, "2026-11-24-live");
  ASSERT_TRUE(live);
  EXPECT_EQ(live->article.text_under("Summary"), "It broke.");
  live_ = net::HttpAnswer{404, "", ""};
  EXPECT_EQ(page_to_announce(site_, "2026-11-24-live").error().fault(), Fault::not_found);
}

TEST_P(FlowTest, ManyAtOnceMakeOneAnnouncement) {
  for (int i = 0; i < 50; ++i) subscribe("r" + std::to_string(i) + "@example.org");
  std::atomic<int> made{0}, refused{0}, other{0};
  std::vector<std::thread> threads;
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

TEST_P(FlowTest, KilledWhileAnnouncingNothingOfItIsThere) {
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

TEST_P(FlowTest, KilledWhileSendingNobodyIsLostAndNobodyToldTwice) {
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

TEST_P(FlowTest, TheSecondSendingIsTheSameMail) {
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

TEST_P(FlowTest, CancelledInItsHoldItTellsNobodyAndMayBeMadeAgain) {
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

TEST_P(FlowTest, CancelledWhileSendingTheRestIsNotTold) {
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

TEST_P(FlowTest, AWithdrawnIncidentIsNotAnnounced) {
  ASSERT_TRUE(publish("2026-11-22-x"));
  ASSERT_TRUE(c_.execute(store::Sql{
      "withdraw", "UPDATE incident SET status = 'withdrawn' WHERE id = '2026-11-22-x'"}));
  EXPECT_EQ(publish("2026-11-22-x").error().fault(), Fault::conflict);
}

TEST_P(FlowTest, AHostileTitleStillMakesAMail) {
  subscribe("ann@example.org");
  const Page hostile =
      page("2026-11-23-dns", "---\ntitle: \"a\\r\\nBcc: eve@example.com\\x01\\x85\\u202E\"\n---\n" +
                                 std::string{kPublishedText} + "\x02\x1B[31m\n");
  ASSERT_TRUE(page_published(c_, keyring_, office_, hostile, {"site", "", true}, clock_.now()));
  ASSERT_TRUE(run());
  EXPECT_EQ(told("ann@example.org"), 1);
  EXPECT_EQ(told("eve@example.com"), 0);
}

TEST_P(FlowTest, EveryVersionOfAPageIsKept) {
  settle();
  folder_.put("2026-11-23-dns.mdx", kPublishedText);
  ASSERT_TRUE(look());
  folder_.put("2026-11-23-dns.mdx",
              std::string{kPublishedText} + "\n## Corrections\nIt was 51 min.\n");
  ASSERT_TRUE(look());
  ASSERT_TRUE(look());
  const auto versions = IncidentStore{c_}.versions();
  ASSERT_EQ(versions->size(), 2U);
  EXPECT_EQ((*versions)[1].previous, (*versions)[0].digest);
  EXPECT_EQ(announcements(), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, FlowTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
