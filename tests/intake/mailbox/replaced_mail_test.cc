#include "intake/mailbox/audit.h"
#include "tests/intake/mailbox/sync_fixture.h"

namespace trust::intake {
namespace {

class ReplacedMail : public Sync {};

TEST_P(ReplacedMail, AnotherMailUnderAKnownUidIsTakenIn) {
  settings_.first_look.from = FirstLook::From::now;
  add(1, "before us", 100h);
  ASSERT_TRUE(look());
  add(2, "two", 5h);
  add(3, "three", 5h);
  add(4, "four", 5h);
  mailbox_.vanishing = {5};
  mailbox_.mails[5] = {"five", clock_.at};
  ASSERT_TRUE(look());
  EXPECT_EQ(mails(), 3);
  // Made anew under the same UIDVALIDITY: one of another time, one of another size, one as it was.
  mailbox_.vanishing.clear();
  add(1, "before us", 0h);  // old mail with a new date stays old
  add(2, "TWO", 4h);
  add(3, "three and more", 5h);
  add(5, "five", 1h);
  settings_.whole = false;
  EXPECT_EQ(look()->stored, 0) << "only a whole look compares";
  settings_.whole = true;
  const auto audit = [&] { return *audit_folder(mailbox_, "INBOX", c_, settings_.account); };
  EXPECT_EQ(audit().unaccounted, std::vector<std::uint32_t>{5}) << "it was gone, and is here";
  EXPECT_EQ(look()->stored, 3);
  EXPECT_EQ(ledger(), (Lines{"1 before_us", "2 stored TWO", "3 stored three and more",
                             "4 stored four", "5 stored five"}));
  EXPECT_EQ(mails(), 6) << "what was there before stays";
  EXPECT_TRUE(audit().is_clean());
  mailbox_.asked.clear();
  ASSERT_TRUE(look());
  EXPECT_TRUE(mailbox_.asked.empty());
}

TEST_P(ReplacedMail, AServerThatChangesItsMindAboutAMailIsAskedOncePerChange) {
  add(1, "one", 5h);
  ASSERT_TRUE(look());
  add(1, "one", 4h);
  EXPECT_EQ(look()->same_bytes, 1);
  mailbox_.asked.clear();
  ASSERT_TRUE(look());
  EXPECT_TRUE(mailbox_.asked.empty());
}

TEST_P(ReplacedMail, AQuarantinedMailThatWasGoneAndComesBackIsPromisedAgain) {
  add(1, "one", 5h);
  mailbox_.without_body = {1};
  ASSERT_TRUE(look());
  ASSERT_TRUE(look());
  const auto mail = mailbox_.mails.extract(1);
  ASSERT_TRUE(look());
  const Sql open{"open", "SELECT COUNT(*) FROM promise WHERE void_at IS NULL", "i"};
  EXPECT_EQ((*c_.query_one(open))[0].integer(), 0);
  mailbox_.mails[1] = mail.mapped();
  ASSERT_TRUE(look());
  ASSERT_TRUE(look());
  EXPECT_EQ(ledger(), Lines{"1 quarantined 3"});
  EXPECT_EQ((*c_.query_one(open))[0].integer(), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, ReplacedMail, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
