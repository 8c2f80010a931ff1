// What stands in the Sent folder is ours or a colleague's: it opens no case.
#include "intake/mailbox/ledger_store.h"
#include "tests/intake/flow/flow_world.h"

namespace trust::intake {
namespace {

class SentMail : public FlowWorld {
 protected:
  const Where kSent{.folder = "\\Sent"};

  /// The mail's bytes once more, under a UID of `folder`.
  LedgerStore::Kept seen_again(const std::string& id, const std::string& folder) {
    const FolderKey key{"security@imap.example.org", folder, 7};
    const auto stored =
        LedgerStore{c_}.store(key, {++uid_, clock_.now(), id.size(), id, false},
                              {clock_.now(), "internal_date"}, "bytes of " + id, clock_.now());
    EXPECT_TRUE(stored) << stored.error().text();
    EXPECT_EQ(stored->mail_id, id);
    return stored->kept;
  }
  void expect_nobody_heard() {
    EXPECT_EQ(count("cases"), 0);
    EXPECT_EQ(count("promise"), 0);
    EXPECT_EQ(count("outbox"), 0);
  }
  void expect_one_case_told_once() {
    EXPECT_EQ(count("cases"), 1);
    EXPECT_EQ(queued("acknowledgment").size(), 1U);
  }

  std::uint32_t uid_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Stores, SentMail, test::kBothStores, test::store_name);

// The same mail in INBOX is the control: there it is a report.
TEST_P(SentMail, OpensNoCase) {
  const std::string id = arrive(a_report(), kSent);
  run();
  EXPECT_EQ(relation_of(id), "sent");
  EXPECT_EQ(mails_.find(id)->stage, "filed");
  expect_nobody_heard();
  case_after(a_report());
  EXPECT_EQ(count("cases"), 1);
}

TEST_P(SentMail, OfOursIsLinkedToItsCaseAndTellsNobody) {
  const Case about = case_after(a_report());
  const auto before = count("outbox");
  mail::ParsedMail ours = a_report(kUs, "Re: Haven DNS is slow");
  ours.message_id = thread(about);
  mail::ParsedMail by_hand = a_report(kAda, "Re: Haven DNS is slow");
  by_hand.in_reply_to = {thread(about)};
  for (const mail::ParsedMail& mail : {ours, by_hand}) {
    const std::string id = arrive(mail, kSent);
    run();
    EXPECT_EQ(relation_of(id), "ours");
    EXPECT_EQ(mails_.find(id)->case_id, about.id);
  }
  EXPECT_EQ(count("outbox"), before);
  EXPECT_EQ(count("cases"), 1);
  EXPECT_EQ(now(about).state, about.state);
}

TEST_P(SentMail, AForgedThreadLinksNothing) {
  mail::ParsedMail forged = a_report(kUs);
  forged.in_reply_to = {"case.TM-ABCDEF.0000000000000000@example.org"};
  const std::string id = arrive(forged, kSent);
  run();
  EXPECT_EQ(relation_of(id), "sent");
  expect_nobody_heard();
}

TEST_P(SentMail, TheSameBytesInInboxLaterOpenOneCase) {
  for (const bool filed_before : {false, true}) {
    SCOPED_TRACE(filed_before);
    test::TestStore store{GetParam(), test::intake_tables()};
    c_ = store.connect();
    const std::string id = arrive(a_report(), kSent);
    if (filed_before) run();
    EXPECT_EQ(seen_again(id, "INBOX"), LedgerStore::Kept::same_bytes);
    run();
    expect_one_case_told_once();
    EXPECT_EQ(mails_.find(id)->folder, "INBOX");
    // And once more, in any folder, in any order: nothing further.
    for (const char* folder : {"INBOX", "\\Sent", "\\Junk"}) {
      seen_again(id, folder);
      run();
      expect_one_case_told_once();
    }
  }
}

TEST_P(SentMail, TheSameBytesInAnotherSentFolderOpenNone) {
  const std::string id = arrive(a_report(), kSent);
  run();
  EXPECT_EQ(seen_again(id, "\\Sent"), LedgerStore::Kept::same_bytes);
  run();
  EXPECT_EQ(relation_of(id), "sent");
  expect_nobody_heard();
}

}  // namespace
}  // namespace trust::intake
