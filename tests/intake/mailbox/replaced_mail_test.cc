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

TEST_P(ReplacedMail, WhatWasBeforeUsIsOldWhateverItsDateAndNewMailInItsPlaceIsTakenIn) {
  settings_.first_look.from = FirstLook::From::now;
  const auto mail = [](const std::string& day, const std::string& words) {
    return "Received: from a.example.org by b.example.org; " + day +
           " Nov 2026 10:00:00 +0000\r\n\r\n" + words;
  };
  for (const std::uint32_t uid : {1, 2, 3}) add(uid, mail("20", std::to_string(uid)), 98h);
  ASSERT_TRUE(look());
  clock_.at += 24h;
  // Made anew under the same UIDVALIDITY: the old mail of a careless copy, a new mail, an old date.
  add(1, mail("20", "1"), 0h);
  add(2, mail("25", "new"), 0h);
  add(3, mail("20", "3"), 90h);
  // If we die between the question and its answer, the rule holds for the next look as well.
  mailbox_.breaks_after = 0;
  ASSERT_FALSE(look());
  mailbox_.breaks_after = -1;
  ASSERT_TRUE(look());
  ASSERT_TRUE(look());
  EXPECT_EQ(ledger(), (Lines{"1 before_us 1", "2 stored 1 " + mail("25", "new"), "3 before_us"}));
  EXPECT_EQ(mail_row()[0].time(), *parse_rfc3339("2026-11-25T10:00:00Z"));
  mailbox_.asked.clear();
  ASSERT_TRUE(look());
  EXPECT_TRUE(mailbox_.asked.empty()) << "asked once";
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
