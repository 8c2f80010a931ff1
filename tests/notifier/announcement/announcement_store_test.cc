#include "notifier/announcement/announcement_store.h"

#include <gtest/gtest.h>

#include "lib/base/id.h"
#include "notifier/announcement/announcement.h"
#include "tests/notifier/notifier_store.h"

namespace trust::notifier {
namespace {

using namespace std::chrono_literals;

class AnnouncementStoreTest : public NotifierStoreTest {};

TEST_P(AnnouncementStoreTest, WhatIsFrozenComesBackAsItWas) {
  const Announcement a = announcement("2026-11-20-dns", {"Haven DNS", "Sigil auth"});
  const auto found = AnnouncementStore{c_}.find(a.id);
  ASSERT_TRUE(found && *found);
  const Announcement& b = **found;
  EXPECT_EQ(b.title, a.title);
  EXPECT_EQ(b.summary, a.summary);
  EXPECT_EQ(b.services, a.services);
  EXPECT_EQ(b.start, a.start);
  EXPECT_EQ(b.end, a.end);
  EXPECT_EQ(b.text_template, a.text_template);
  EXPECT_EQ(b.html_template, a.html_template);
  EXPECT_EQ(b.created_at, a.created_at);
  EXPECT_EQ(b.created_by, "site");
  EXPECT_EQ(b.hold_until, a.hold_until);
  EXPECT_EQ(b.state, AnnouncementState::holding);
  EXPECT_EQ(b.number, 1);
  EXPECT_FALSE(b.finished_at);
}

TEST_P(AnnouncementStoreTest, OnePageOneKindOneNumberIsOneAnnouncement) {
  Announcement a = announcement("2026-11-20-dns");
  AnnouncementStore announcements{c_};
  a.id = random_id();
  EXPECT_EQ(announcements.add(a).error().fault(), Fault::conflict);
  a.number = 2;
  EXPECT_TRUE(announcements.add(a));
  EXPECT_EQ(announcements.of_page(a.url, a.kind)->size(), 2U);
  EXPECT_EQ(announcements.open()->size(), 2U);
}

TEST_P(AnnouncementStoreTest, StatesFollowEachOtherOnlyForward) {
  AnnouncementStore announcements{c_};
  const std::string id = announcement("2026-11-20-dns").id;
  EXPECT_FALSE(*announcements.finish(id, clock_.now()));
  EXPECT_FALSE(*announcements.resume(id, clock_.now()));
  EXPECT_TRUE(*announcements.release(id));
  EXPECT_FALSE(*announcements.release(id));
  EXPECT_TRUE(*announcements.finish(id, clock_.now()));
  EXPECT_FALSE(*announcements.cancel(id));
  EXPECT_EQ((**announcements.find(id)).finished_at, clock_.now());

  const std::string other = announcement("2026-11-21-vpn").id;
  EXPECT_TRUE(*announcements.cancel(other));
  EXPECT_FALSE(*announcements.release(other));
  EXPECT_FALSE(*announcements.cancel("nothing"));
  EXPECT_TRUE(announcements.open()->empty());
  EXPECT_EQ(announcements.standing(other)->value().state, AnnouncementState::cancelled);
}

INSTANTIATE_TEST_SUITE_P(Stores, AnnouncementStoreTest, test::kBothStores, test::store_name);

TEST(Rules, StaffAreAskedAboutManyOrOldPages) {
  const UtcTime now = *parse_rfc3339("2026-11-24T23:59:59Z");
  EXPECT_EQ(reason_to_ask(1, *parse_iso_day("2026-11-20"), now), "");
  EXPECT_EQ(reason_to_ask(2, *parse_iso_day("2026-10-25"), now), "");
  EXPECT_EQ(reason_to_ask(2, *parse_iso_day("2026-10-24"), now), "old_page");
  EXPECT_EQ(reason_to_ask(3, *parse_iso_day("2026-11-20"), now), "several_new");
  EXPECT_EQ(reason_to_ask(1, *parse_iso_day("2026-12-20"), now), "");
}

TEST(Rules, TheTimeIsSaidInWords) {
  EXPECT_EQ(time_needed(5000, 0), "as fast as the relay takes them");
  EXPECT_EQ(time_needed(0, 5), "about 0 s");
  EXPECT_EQ(time_needed(101, 10), "about 11 s");
  EXPECT_EQ(time_needed(10'000, 10), "about 17 min");
  EXPECT_EQ(time_needed(1'000'000, 10), "about 28 h");
}

}  // namespace
}  // namespace trust::notifier
