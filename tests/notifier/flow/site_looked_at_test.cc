// What a look at the site finds, and whom it would tell: nobody of what was there before, of many
// pages at once, or of a page that no reader can open yet.
#include "notifier/flow/site_looked_at.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/store/meta_store.h"
#include "notifier/flow/staff_decided.h"
#include "tests/notifier/flow/flow_fixture.h"

namespace trust::notifier {
namespace {

class SiteLookedAtTest : public FlowTest {};

TEST_P(SiteLookedAtTest, TheFirstLookTellsNobodyOfWhatWasThereBefore) {
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

TEST_P(SiteLookedAtTest, AFolderThatCannotBeReadIsNoFirstLook) {
  site_.folder = folder_.path() + "/none";
  EXPECT_EQ(look().error().fault(), Fault::unavailable);
  EXPECT_EQ(run().error().fault(), Fault::unavailable);
  site_.folder = folder_.path();
  folder_.put("2026-11-20-old.mdx", kPublishedText);
  EXPECT_EQ(look()->before_us, 1);
}

TEST_P(SiteLookedAtTest, ManyOrOldPagesAreHeldUntilStaffSayYes) {
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

TEST_P(SiteLookedAtTest, NobodyIsToldBeforeTheLivePageAnswers) {
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

TEST_P(SiteLookedAtTest, WithoutAFolderTheHistoryPageIsWatched) {
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

const Result<net::HttpAnswer> kNoHistories[] = {
    net::HttpAnswer{503, "", "<html><main>later</main></html>"},
    net::HttpAnswer{302, "", ""},
    net::HttpAnswer{200, "", ""},
    net::HttpAnswer{200, "", "<html><body><h1>Bad gateway</h1></body></html>"},
    net::HttpAnswer{200, "", "<HTML><main><a href='2026-11-21-one/'>x</a><a hr"},
    Error{Fault::unavailable, "too slow"},
};

TEST_P(SiteLookedAtTest, WhatIsNoHistoryPageAnnouncesNothingAndForgetsNothing) {
  subscribe("ann@example.org");
  LiveSite live;
  live.pages = {{"2026-11-21-one", 200}, {"2026-11-22-two", 200}};
  Result<net::HttpAnswer> instead = net::HttpAnswer{};
  bool broken = true;
  site_.folder.reset();
  site_.fetch = [&](const std::string& url) {
    return broken && url == site_.base_url ? instead : live(url);
  };
  const auto all_are_no_looks = [&] {
    const auto before = *store::MetaStore{c_}.time(store::Fact::last_look);
    clock_.time += 1min;
    for (const auto& answer : kNoHistories) {
      instead = answer;
      const auto looked = look();
      EXPECT_TRUE(!looked && looked.error().fault() == Fault::unavailable) << answer.has_value();
    }
    EXPECT_EQ(*store::MetaStore{c_}.time(store::Fact::last_look), before) << "no success to count";
  };
  all_are_no_looks();
  broken = false;
  EXPECT_EQ(look()->before_us, 2) << "the control: as a first look, one of them would have had 0";
  broken = true;
  all_are_no_looks();
  instead = net::HttpAnswer{200, "", "<html><main>No reportable incidents</main></html>"};
  EXPECT_EQ(look()->pages, 0) << "a page whose links vanished is a page";
  broken = false;
  EXPECT_EQ(look()->announced, 0);
  EXPECT_EQ(announcements(), 0);
  EXPECT_EQ(IncidentStore{c_}.list()->size(), 2U);
  live.pages["2026-11-23-dns"] = 200;
  EXPECT_EQ(look()->announced, 1);
}

TEST_P(SiteLookedAtTest, AnErrorPageInPlaceOfAPostMortemIsNoFirstLook) {
  LiveSite live;
  live.pages = {{"2026-11-21-one", 200}};
  bool broken = true;
  site_.folder.reset();
  site_.fetch = [&](const std::string& url) -> Result<net::HttpAnswer> {
    if (broken && url != site_.base_url) return net::HttpAnswer{200, "", "<p>Bad gateway</p>"};
    return live(url);
  };
  EXPECT_EQ(look().error().fault(), Fault::unavailable);
  broken = false;
  EXPECT_EQ(look()->before_us, 1);
}

TEST_P(SiteLookedAtTest, ASiteWithoutAHistoryPageIsNoFailureAndNoLook) {
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

TEST_P(SiteLookedAtTest, APlaceholderIsRefused) {
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

TEST_P(SiteLookedAtTest, EveryVersionOfAPageIsKept) {
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

INSTANTIATE_TEST_SUITE_P(Stores, SiteLookedAtTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
