// Mails that were there before us and are asked for after all.
#include <gtest/gtest.h>

#include "intake/mailbox/ledger_store.h"
#include "lib/base/log.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_mailbox.h"
#include "tests/fakes/intake_store.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;

class Adopted : public testing::TestWithParam<std::string> {
 protected:
  Adopted() {
    set_log_output(LogTo::nowhere);
    settings_.account = "security@imap.example.org";
  }
  /// `count` old mails, an hour between two, the last of them an hour ago; the first look; then
  /// all but the `left` oldest are asked for.
  void adopt(int count, int left = 0) {
    for (int n = 1; n <= count; ++n)
      mailbox_.add(static_cast<std::uint32_t>(n), "mail " + std::to_string(n), arrival(count, n));
    ASSERT_EQ(look()->before_us, count);
    const auto asked =
        LedgerStore{c_}.adopt(settings_.account, "INBOX", arrival(count, left + 1), clock_.at);
    ASSERT_EQ(*asked, count - left);
  }
  UtcTime arrival(int count, int n) const { return clock_.at - std::chrono::hours{count - n + 1}; }
  Result<Synced> look() {
    return sync_folder(mailbox_, "INBOX", c_, keyring_, settings_, clock_,
                       [](const std::string&) {});
  }
  std::int64_t count(const std::string& table_and_where) {
    return test::number(c_, "SELECT COUNT(*) FROM " + table_and_where);
  }

  test::TestStore store_{GetParam(), test::intake_tables()};
  store::Connection c_ = store_.connect();
  Keyring keyring_ = Keyring::from_secret("a key of the tests");
  test::FakeClock clock_{*parse_rfc3339("2026-11-24T12:00:00Z")};
  test::FakeMailbox mailbox_;
  SyncSettings settings_;
};

TEST_P(Adopted, AreFetchedInBatchesAtAWholeLookAndAtAnyOther) {
  for (const bool whole : {true, false}) {
    adopt(130, 10);
    settings_.whole = whole;
    settings_.overlooked_below = 1000;
    mailbox_.asked.clear();
    clock_.at += 1min;
    const auto synced = look();
    ASSERT_TRUE(synced);
    EXPECT_EQ(synced->stored, 120);
    EXPECT_EQ(synced->overlooked, 0) << "they were known";
    ASSERT_EQ(mailbox_.asked.size(), 3U);
    EXPECT_EQ(mailbox_.asked[0].size(), 50U);
    EXPECT_EQ(mailbox_.asked[0][0], 11U);
    EXPECT_EQ(count("mailbox_ledger WHERE outcome = 'before_us'"), 10);
    EXPECT_EQ(count("mail WHERE received_by = 'internal_date' AND received_at < first_seen_at"),
              120);
    EXPECT_EQ(look()->stored, 0);
    for (const char* table : {"mail", "mailbox_ledger", "mailbox_folder"})
      ASSERT_TRUE(c_.execute({"clear", std::string{"DELETE FROM "} + table}));
  }
}

TEST_P(Adopted, ABrokenLineAnywhereLosesAndDoublesNothing) {
  settings_.batch = 4;
  adopt(10);
  int failed = 0;
  for (int after = 0; after < 10; ++after) {
    mailbox_.breaks_after = after % 3;
    while (!look()) {
      ++failed;
      mailbox_.breaks_after = 3;
      clock_.at += 11min;
    }
  }
  EXPECT_GT(failed, 1);
  EXPECT_EQ(count("mail"), 10);
  EXPECT_EQ(count("mailbox_ledger WHERE outcome = 'stored'"), 10);
  EXPECT_EQ(count("promise WHERE void_at IS NULL"), 0);
}

TEST_P(Adopted, OneThatIsNoLongerThereIsGone) {
  for (const bool whole : {true, false}) {
    adopt(3);
    settings_.whole = whole;
    mailbox_.mails.erase(2);
    EXPECT_EQ(look()->stored, 2);
    EXPECT_EQ(count("mailbox_ledger WHERE outcome = 'gone'"), 1);
    for (const char* table : {"mail", "mailbox_ledger", "mailbox_folder"})
      ASSERT_TRUE(c_.execute({"clear", std::string{"DELETE FROM "} + table}));
  }
}

TEST_P(Adopted, OneWithoutBytesIsInQuarantineLikeAnyOther) {
  adopt(3);
  EXPECT_EQ(*LedgerStore{c_}.count_quarantined(), 0) << "nobody asked in vain yet";
  mailbox_.without_body = {2};
  ASSERT_TRUE(look());
  ASSERT_TRUE(look());
  EXPECT_EQ(*LedgerStore{c_}.count_quarantined(), 1);
  EXPECT_EQ(count("mail"), 2);
  EXPECT_EQ(count("promise WHERE case_id = 'quarantine/INBOX/7/2'"), 1);
}

// The server made the folder anew and gave every mail the INTERNALDATE of that day.
TEST_P(Adopted, ARenewedFolderGivesThemToo) {
  const std::string stamp = "Received: from a by b; Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n";
  mailbox_.add(1, stamp + "one", clock_.at - 26h);
  mailbox_.add(2, stamp + "two", clock_.at - 26h);
  ASSERT_EQ(look()->before_us, 2);
  clock_.at += 24h;
  mailbox_.uidvalidity = 8;
  mailbox_.mails[1].arrived = mailbox_.mails[2].arrived = clock_.at;
  ASSERT_EQ(look()->before_us, 2) << "old they are still";
  ASSERT_EQ(count("mail"), 0);
  const UtcTime since = *parse_rfc3339("2026-11-23T00:00:00Z");
  EXPECT_EQ(*LedgerStore{c_}.adopt(settings_.account, "INBOX", since, clock_.at), 2)
      << "not their rows under the UIDVALIDITY that is gone";
  EXPECT_EQ(look()->stored, 2);
  EXPECT_EQ(count("mail WHERE received_by = 'received_field' AND received_at = " +
                  std::to_string(to_epoch_ms(since + 10h))),
            2);
}

INSTANTIATE_TEST_SUITE_P(Stores, Adopted, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
