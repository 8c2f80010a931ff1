#include "intake/mailbox/audit.h"
#include "tests/intake/mailbox/sync_fixture.h"

namespace trust::intake {
namespace {

TEST_P(Sync, StoresEachMailOnceHoweverOftenItLooks) {
  add(3, "three");
  add(9, std::string{"ni\0ne\xFF", 6});
  auto first = look();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->stored, 2);
  EXPECT_EQ(told_.size(), 2U);
  auto second = look();
  EXPECT_EQ(second->stored, 0);
  EXPECT_EQ(second->known, 2);
  add(5, "a lower number, late");
  EXPECT_EQ(look()->stored, 1);
  EXPECT_EQ(ledger(), (Lines{"3 stored three", "5 stored a lower number, late",
                             "9 stored " + std::string{"ni\0ne\xFF", 6}}));
  EXPECT_EQ(told_.size(), 3U);
}

TEST_P(Sync, WhatIsStoredSaysWhenItArrivedAndHowThatIsKnown) {
  settings_.max_bytes = 2U << 20U;
  add(3, std::string(3U << 20U, 'x'), 5h);
  ASSERT_TRUE(look());
  const store::Row row = mail_row();
  EXPECT_EQ(row[0].time(), clock_.at - 5h);
  EXPECT_EQ(row[1].text(), "internal_date");
  EXPECT_EQ(row[2].time(), clock_.at);
  EXPECT_EQ(row[3].integer(), 3 << 20) << "as the server stated it";
  EXPECT_TRUE(row[4].flag());
  EXPECT_EQ(row[5].text(), "INBOX");
  EXPECT_EQ(row[6].text(), "stored");
}

TEST_P(Sync, TheSameBytesAreOneMail) {
  add(3, "hello");
  add(4, "hello");
  EXPECT_EQ(look()->same_bytes, 1);
  add(5, "hello");
  EXPECT_EQ(look()->same_bytes, 1);
  EXPECT_EQ(ledger(), (Lines{"3 stored hello", "4 same_bytes hello", "5 same_bytes hello"}));
  EXPECT_EQ(mails(), 1);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_P(Sync, WhatWasPurgedIsNeverTakenInAgain) {
  const Sql bury{"bury", "INSERT INTO tombstone (digest_bytes, at) VALUES ($1, $2)"};
  ASSERT_TRUE(c_.execute(bury, {keyring_.digest("bytes", "forgotten"), clock_.at}));
  add(3, "forgotten");
  EXPECT_EQ(look()->purged, 1);
  EXPECT_EQ(ledger(), Lines{"3 purged"});
  EXPECT_EQ(mails(), 0);
}

TEST_P(Sync, TheFirstLookEntersWhatWasThereAndFetchesNothing) {
  settings_.first_look.from = FirstLook::From::now;
  for (std::uint32_t uid = 1; uid <= 300; ++uid)
    add(uid, "old " + std::to_string(uid), uid <= 290 ? 1000h : 24h);
  auto first = look();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->before_us, 300);
  EXPECT_EQ(first->recent, 10);
  EXPECT_EQ(first->stored, 0);
  EXPECT_TRUE(mailbox_.asked.empty());
  add(301, "new");
  auto second = look();
  EXPECT_EQ(second->stored, 1);
  EXPECT_EQ(second->before_us, 0);
  EXPECT_EQ(mailbox_.asked, std::vector<std::vector<std::uint32_t>>{{301}});
}

TEST_P(Sync, AnEmptyFolderHasItsFirstLookToo) {
  settings_.first_look.from = FirstLook::From::now;
  ASSERT_TRUE(look());
  add(1, "new");
  EXPECT_EQ(look()->stored, 1);
}

TEST_P(Sync, FromADateTakesInWhatCameSinceAndWhatHasNoDate) {
  settings_.first_look = {FirstLook::From::date, clock_.at - 48h};
  add(1, "older", 49h);
  add(2, "newer", 47h);
  mailbox_.add(3, "dateless", {});
  ASSERT_TRUE(look());
  EXPECT_EQ(ledger(), (Lines{"1 before_us", "2 stored newer", "3 stored dateless"}));
}

TEST_P(Sync, AChangedUidvalidityTakesNothingInTwice) {
  settings_.first_look.from = FirstLook::From::now;
  add(1, "was there", 100h);
  ASSERT_TRUE(look());
  clock_.at += 1h;
  add(2, "came later");
  ASSERT_TRUE(look());
  clock_.at += 1h;
  mailbox_.uidvalidity = 8;
  mailbox_.mails.clear();
  mailbox_.add(11, "was there", clock_.at - 102h);
  mailbox_.add(12, "came later", clock_.at - 1h);
  mailbox_.add(13, "came in between", clock_.at - 30min);
  auto synced = look();
  ASSERT_TRUE(synced);
  EXPECT_EQ(synced->before_us, 1);
  EXPECT_EQ(synced->same_bytes, 1);
  EXPECT_EQ(synced->stored, 1);
  EXPECT_EQ(ledger(), (Lines{"1 before_us", "2 stored came later", "8/11 before_us",
                             "8/12 same_bytes came later", "8/13 stored came in between"}));
  EXPECT_EQ(look()->known, 3);
}

TEST_P(Sync, ANewInternalDateDoesNotMakeOldMailNew) {
  settings_.first_look.from = FirstLook::From::now;
  const std::string old = "Received: from x by y; Mon, 02 Mar 2020 10:00:00 +0000\r\n\r\nold";
  const std::string fresh = "Received: from x by y; Tue, 24 Nov 2026 13:00:00 +0000\r\n\r\nfresh";
  add(1, old, 1000h);
  ASSERT_TRUE(look());
  clock_.at += 2h;
  mailbox_.uidvalidity = 8;
  mailbox_.mails.clear();
  for (const auto& [uid, raw] : std::map<std::uint32_t, std::string>{
           {1, old}, {2, fresh}, {3, "Subject: nobody stamped it\r\n\r\n"}})
    add(uid, raw);
  mailbox_.breaks_after = 0;
  ASSERT_FALSE(look()) << "the rule outlives a look that breaks";
  mailbox_.breaks_after = -1;
  const auto synced = look();
  ASSERT_TRUE(synced);
  EXPECT_EQ(synced->before_us, 1);
  const Sql how{"how", "SELECT received_by FROM mail ORDER BY received_at", "t"};
  const auto rows = c_.query(how);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0][0].text(), "received_field");
  EXPECT_EQ((*rows)[1][0].text(), "internal_date_of_renewed") << "never acknowledged";
}

TEST_P(Sync, AQuarantinedMailHasAPromiseUntilItsBytesComeOrItIsGone) {
  for (std::uint32_t uid = 1; uid <= 2; ++uid) add(uid, "mail " + std::to_string(uid), 5h);
  mailbox_.without_body = {1, 2};
  ASSERT_TRUE(look());
  ASSERT_TRUE(look());
  const Sql all{"promises", "SELECT case_id, start_at, void_because FROM promise ORDER BY case_id",
                "tit"};
  auto rows = c_.query(all);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0][0].text(), "quarantine/INBOX/7/1");
  EXPECT_EQ((*rows)[0][1].time(), clock_.at - 5h);
  EXPECT_EQ((*rows)[0][2].text(), "");
  clock_.at += 25h;
  mailbox_.without_body.clear();
  mailbox_.mails.erase(2);
  ASSERT_TRUE(look());
  rows = c_.query(all);
  EXPECT_EQ((*rows)[0][2].text(), "came");
  EXPECT_EQ((*rows)[1][2].text(), "gone");
  EXPECT_EQ(ledger(), (Lines{"1 stored 3 mail 1", "2 gone 3"}));
}

TEST_P(Sync, NewMailBelowWhatTheServerHadGivenOutWasOverlooked) {
  add(5, "five");
  ASSERT_TRUE(look());
  add(3, "three");
  add(6, "six");
  settings_.overlooked_below = 6;
  EXPECT_EQ(look()->overlooked, 1);
}

TEST_P(Sync, OneMailWithoutBytesIsAskedForAgainAndTheOthersGoOn) {
  for (std::uint32_t uid = 1; uid <= 5; ++uid) add(uid, "mail " + std::to_string(uid));
  mailbox_.without_body = {2};
  auto first = look();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->stored, 4);
  EXPECT_EQ(first->quarantined, 0);
  EXPECT_EQ(first->again, 1) << "on another connection";
  EXPECT_EQ(ledger(), (Lines{"1 stored mail 1", "2 quarantined 2", "3 stored mail 3",
                             "4 stored mail 4", "5 stored mail 5"}));
  clock_.at += 1min;
  EXPECT_EQ(look()->quarantined, 1);
  EXPECT_EQ(look()->quarantined, 0) << "reported once";
  EXPECT_EQ(ledger()[1], "2 quarantined 3");
  clock_.at += 23h;
  ASSERT_TRUE(look());
  EXPECT_EQ(ledger()[1], "2 quarantined 3") << "then once a day";
  clock_.at += 2h;
  mailbox_.without_body.clear();
  EXPECT_EQ(look()->stored, 1);
  EXPECT_EQ(ledger()[1], "2 stored 3 mail 2");
}

TEST_P(Sync, AMailThatWasInQuarantineKeepsItsTimeOfArrival) {
  mailbox_.add(2, "late", {});
  mailbox_.without_body = {2};
  ASSERT_TRUE(look());
  const UtcTime seen = clock_.at;
  clock_.at += 48h;
  mailbox_.without_body.clear();
  ASSERT_TRUE(look());
  EXPECT_EQ(mail_row()[0].time(), seen);
}

TEST_P(Sync, AMailThatBreaksTheConnectionDoesNotBlockTheOthers) {
  for (std::uint32_t uid = 1; uid <= 5; ++uid) add(uid, "mail " + std::to_string(uid));
  mailbox_.breaking = {2, 4};
  int looks = 0;
  while (!look() && ++looks < 20) clock_.at += 1s;
  EXPECT_LT(looks, 20);
  EXPECT_EQ(ledger(), (Lines{"1 stored mail 1", "2 quarantined 3", "3 stored 1 mail 3",
                             "4 quarantined 3", "5 stored 1 mail 5"}));
  add(6, "and on it goes");
  EXPECT_EQ(look()->stored, 1);
}

TEST_P(Sync, ALineThatBreaksAnywhereLosesAndDoublesNothing) {
  constexpr int kMails = 7;
  settings_.batch = 3;
  for (std::uint32_t uid = 1; uid <= kMails; ++uid) add(uid, "mail " + std::to_string(uid));
  int failed = 0;
  for (int after = 0; after < kMails; ++after) {
    mailbox_.breaks_after = after;
    while (!look()) {
      ++failed;
      mailbox_.breaks_after = after;
      if (after == 0) mailbox_.breaks_after = -1;
      clock_.at += 1s;
    }
  }
  EXPECT_GT(failed, 0);
  EXPECT_EQ(mails(), kMails);
  EXPECT_EQ(told_.size(), kMails);
  for (const std::string& line : ledger()) EXPECT_NE(line.find(" stored "), std::string::npos);
}

TEST_P(Sync, AListedMailThatIsGoneIsEnteredAsGone) {
  add(1, "stays");
  add(2, "goes");
  mailbox_.vanishing = {2};
  EXPECT_EQ(look()->gone, 1);
  EXPECT_EQ(ledger(), (Lines{"1 stored stays", "2 gone"}));
}

TEST_P(Sync, AListedMailOfWhichTheServerSaysNothingIsFetchedAllTheSame) {
  add(1, "one");
  add(2, "two");
  mailbox_.without_summary = {2};
  EXPECT_EQ(look()->stored, 2);
}

TEST_P(Sync, BetweenWholeLooksOnlyHigherUidsAreListed) {
  add(5, "five");
  ASSERT_TRUE(look());
  add(3, "three");
  add(6, "six");
  settings_.whole = false;
  EXPECT_EQ(look()->stored, 1);
  settings_.whole = true;
  EXPECT_EQ(look()->stored, 1);
}

TEST_P(Sync, LargeMailsAreCommittedByThemselves) {
  for (std::uint32_t uid = 1; uid <= 3; ++uid) add(uid, std::string(5U << 20U, char('a' + uid)));
  store::Connection other = store_.connect();
  std::vector<std::int64_t> seen;
  ASSERT_TRUE(sync_folder(mailbox_, "INBOX", c_, keyring_, settings_, clock_, [&](const auto&) {
    seen.push_back((*other.query_one(Sql{"n", "SELECT COUNT(*) FROM mail", "i"}))[0].integer());
  }));
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2, 3})) << "told only of what others can see";
}

TEST_P(Sync, FoldersAndAccountsAreApart) {
  add(1, "one");
  ASSERT_TRUE(look());
  settings_.account = "other@imap.example.org";
  EXPECT_EQ(look()->same_bytes, 1);
}

TEST_P(Sync, TheAuditNamesWhatHasNoOutcome) {
  for (std::uint32_t uid = 1; uid <= 4; ++uid) add(uid, "mail " + std::to_string(uid));
  mailbox_.without_body = {4};
  ASSERT_TRUE(look());
  const auto audit = [&] { return *audit_folder(mailbox_, "INBOX", c_, settings_.account); };
  EXPECT_TRUE(audit().is_clean());
  EXPECT_EQ(audit().on_server, 4);
  EXPECT_EQ(audit().quarantined, 1);
  add(9, "just now");
  mailbox_.mails.erase(1);  // deleted by a person: normal
  EXPECT_EQ(audit().unaccounted, std::vector<std::uint32_t>{9});
  ASSERT_TRUE(c_.execute(Sql{"lose", "DELETE FROM mail WHERE raw = $1"}, {store::Bytes{"mail 2"}}));
  EXPECT_EQ(audit().without_mail, std::vector<std::uint32_t>{2});
  EXPECT_FALSE(audit().is_clean());
  mailbox_.uidvalidity = 8;
  EXPECT_EQ(audit().unaccounted.size(), 4U);
}

INSTANTIATE_TEST_SUITE_P(Stores, Sync, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
