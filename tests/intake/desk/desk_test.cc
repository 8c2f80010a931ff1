// What else staff do with a case, and what they see of it.
#include "intake/desk/desk.h"

#include <gtest/gtest.h>

#include "tests/intake/desk/desk_fixture.h"

namespace trust::intake {
namespace {

TEST_P(DeskTest, OnlyALookBecomesAReport) {
  open("TM-100KKK", "look");
  open("TM-AAAAAA");
  EXPECT_EQ(desk_.report("TM-100KKK", "eve@example.net").error().fault(), Fault::denied);
  EXPECT_EQ(desk_.report("TM-100KKK", kAda)->state, "open");
  EXPECT_EQ(desk_.report("TM-100KKK", kAda).error().fault(), Fault::conflict);
  EXPECT_EQ(desk_.report("TM-AAAAAA", kAda).error().fault(), Fault::conflict);
  EXPECT_EQ(desk_.report("TM-ZZZZZZ", kAda).error().fault(), Fault::not_found);
  EXPECT_EQ(cases_.promises_of("TM-100KKK")->at(0).start, kMonday);
}

TEST_P(DeskTest, AnAcknowledgmentIsOrderedOnceForAnOpenCase) {
  open("TM-AAAAAA");
  open("TM-100KKK", "look");
  EXPECT_EQ(desk_.acknowledge("TM-100KKK", kAda).error().fault(), Fault::conflict);
  EXPECT_EQ(desk_.acknowledge("TM-AAAAAA", kAda)->acknowledgment, "pending");
  EXPECT_EQ(desk_.acknowledge("TM-AAAAAA", kAda).error().fault(), Fault::conflict);
  EXPECT_EQ(HistoryStore{c_}.of_case("TM-AAAAAA")->at(0).kind, "acknowledgment_ordered");
}

TEST_P(DeskTest, ANoteStandsInTheHistoryAndChangesNothingElse) {
  const Case c = open();
  EXPECT_EQ(desk_.note(c.id, "her log says 09:12", "eve@example.net").error().fault(),
            Fault::denied);
  EXPECT_EQ(desk_.note(c.id, " \n", kAda).error().fault(), Fault::invalid);
  EXPECT_EQ(desk_.note(c.id, "\xff", kAda).error().fault(), Fault::invalid);
  EXPECT_EQ(desk_.note("TM-ZZZZZZ", "words", kAda).error().fault(), Fault::not_found);
  EXPECT_TRUE(HistoryStore{c_}.of_case(c.id)->empty());
  EXPECT_EQ(desk_.note(c.id, "her log says 09:12", kAda)->version, c.version);
  const HistoryEntry entry = HistoryStore{c_}.of_case(c.id)->at(0);
  EXPECT_EQ(entry.kind, "note");
  const auto detail = nlohmann::json::parse(entry.detail);
  EXPECT_EQ(detail["words"], "her log says 09:12");
  EXPECT_EQ(detail["by"], kAda);
}

struct Closing {
  const char* name;
  const char* state;  ///< before
  const char* as;
  const char* voided;  ///< because, of the response promise; "" = it stays as it was
  bool refused = false;
};

TEST_P(DeskTest, ClosingVoidsWhatWasPromisedAndRefusesWhatIsOwed) {
  constexpr Closing kRows[] = {
      {"SpamOpen", "open", "spam", "spam"},    {"DuplicateOpen", "open", "duplicate", "duplicate"},
      {"DoneOpen", "open", "done", "", true},  {"SpamLook", "look", "spam", ""},
      {"DoneLook", "look", "done", ""},        {"DoneAnswered", "answered", "done", ""},
      {"SpamAnswered", "answered", "spam", ""}};
  int n = 0;
  for (const Closing& row : kRows) {
    SCOPED_TRACE(row.name);
    const std::string state{row.state};
    const std::string id = "TM-AAAAA" + std::to_string(n++);
    open(id, state == "look" ? "look" : "open");
    if (state == "answered") {
      ASSERT_TRUE(desk_.answer(request(id)));
    }
    const Case before = *cases_.find(id);
    const auto closed = desk_.close(id, row.as, kAda);
    const Case after = *cases_.find(id);
    const auto promises = *cases_.promises_of(id);
    if (row.refused) {
      EXPECT_EQ(closed.error().fault(), Fault::conflict);
      EXPECT_EQ(after.state, before.state);
      EXPECT_EQ(after.version, before.version);
      EXPECT_TRUE(promises.at(0).is_open());
      continue;
    }
    EXPECT_EQ(after.state, "closed");
    EXPECT_EQ(after.closed_as, row.as);
    EXPECT_EQ(after.version, before.version + 1);
    EXPECT_EQ(test::number(c_, "SELECT COUNT(*) FROM promise WHERE case_id = '" + id +
                                   "' AND void_at IS NOT NULL AND void_because = '" + row.as + "'"),
              *row.voided != '\0' ? 1 : 0);
    EXPECT_EQ(HistoryStore{c_}.of_case(id)->back().kind, "closed");
    EXPECT_EQ(desk_.close(id, row.as, kAda).error().fault(), Fault::conflict) << "a second time";
  }
}

TEST_P(DeskTest, ClosingHoldsForNobodyOutside) {
  open();
  EXPECT_EQ(desk_.close("TM-AAAAAA", "spam", "eve@example.net").error().fault(), Fault::denied);
  EXPECT_EQ(desk_.close("TM-ZZZZZZ", "spam", kAda).error().fault(), Fault::not_found);
  EXPECT_EQ(cases_.find("TM-AAAAAA")->state, "open");
}

TEST_P(DeskTest, StaffAndCasesAreKnownAsPeopleTypeThem) {
  const Case c = open();
  EXPECT_EQ(desk_.staff_member(" Ada@Example.org ")->name, "Ada");
  EXPECT_EQ(desk_.staff_member("").error().fault(), Fault::denied);
  for (const char* typed : {"TM-AAAAAA", "tm-aaaaaa", "aaaaaa", " AAAAAA\n"})
    EXPECT_EQ(desk_.show(typed)->c.id, c.id) << typed;
  EXPECT_EQ(desk_.show("").error().fault(), Fault::not_found);
}

TEST_P(DeskTest, ShowHasEverythingThatBelongsToACase) {
  const Case c = open();
  put("mail-2", c.id, "follow_up", kMonday + 5min,
      {{.name = "a.png", .bytes = 3, .type = "image/png"}, {.type = "message/rfc822"}});
  put("mail-3", c.id, "follow_up", kMonday + 6min, {{.name = "b.txt", .type = "text/plain"}});
  ASSERT_TRUE(desk_.answer(request(c.id)));
  const auto view = desk_.show(c.id);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->mails.size(), 3U);
  EXPECT_EQ(view->mails[1].parsed.text, "text of mail-2");
  ASSERT_EQ(view->attachments.size(), 3U);
  EXPECT_EQ(view->attachments[2].n, 3);
  EXPECT_EQ(view->attachments[2].mail_id, "mail-3");
  ASSERT_EQ(view->promises.size(), 1U);
  EXPECT_EQ(view->promises[0].counted.counted.size(), 3U);
  EXPECT_EQ(view->promises[0].start_by, "internal_date");
  EXPECT_EQ(view->answers.size(), 1U);
  EXPECT_EQ(view->history.size(), 1U);

  EXPECT_EQ(desk_.attachment(c.id, 1)->attachment.name, "a.png");
  EXPECT_EQ(desk_.attachment(c.id, 3)->raw, "raw of mail-3");
  for (const int n : {0, 4, -1})
    EXPECT_EQ(desk_.attachment(c.id, n).error().fault(), Fault::not_found);
  EXPECT_EQ(desk_.raw_mails(c.id)->size(), 3U);
  EXPECT_EQ(desk_.raw_mails("TM-ZZZZZZ").error().fault(), Fault::not_found);
}

TEST_P(DeskTest, DueListsWhatIsLateAndWhatIsNear) {
  const Case c = open();
  EXPECT_EQ(desk_.due(24h)->size(), 0U);
  const auto within = desk_.due(24h * 4);
  ASSERT_EQ(within->size(), 1U);
  EXPECT_EQ(within->at(0).c.id, c.id);
  clock_.at += 24h * 30;
  EXPECT_EQ(desk_.due(0ms)->size(), 1U);
  EXPECT_EQ(desk_.counts()->cases.late, 1);
  ASSERT_TRUE(desk_.answer(request(c.id)));
  EXPECT_EQ(desk_.due(24h)->size(), 0U);
  EXPECT_EQ(desk_.list({.state = "answered"})->size(), 1U);
  EXPECT_EQ(desk_.list({.late_only = true})->size(), 0U);
}

TEST_P(DeskTest, TheAuditFindsABrokenChain) {
  const Case c = open();
  ASSERT_TRUE(desk_.answer(request(c.id)));
  EXPECT_EQ(desk_.audit()->broken_chain, "");
  ASSERT_TRUE(c_.execute(store::Sql{"tamper", "UPDATE history SET kind = 'reply'"}));
  EXPECT_EQ(desk_.audit()->broken_chain, "TM-AAAAAA row 1");
}

INSTANTIATE_TEST_SUITE_P(Stores, DeskTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
