// Answers: what one changes, what is refused, and what another person did meanwhile.
#include "intake/desk/desk.h"

#include <gtest/gtest.h>

#include "tests/fakes/python_mail.h"
#include "tests/intake/desk/desk_fixture.h"

namespace trust::intake {
namespace {

constexpr const char* kRegister = R"({"incidents":[
    {"id":"2026-11-01-dns","url":"https://docs.example.org/i/2026-11-01-dns/","status":"published"},
    {"id":"2026-11-02-vpn","url":"https://docs.example.org/i/2026-11-02-vpn/","status":"reserved"}]})";

class AnsweringTest : public DeskTest {};

TEST_P(AnsweringTest, AnAnswerMeetsThePromiseAndIsKept) {
  const Case c = open();
  put("mail-2", c.id, "follow_up", kMonday + 10min);
  put("mail-3", c.id, "other_address", kMonday + 20min);
  const auto done = desk_.answer(request(c.id));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(done->warning, "");

  const Case now = *cases_.find(c.id);
  EXPECT_EQ(now.state, "answered");
  EXPECT_EQ(now.outcome, "explained");
  EXPECT_EQ(now.answered, clock_.at);
  EXPECT_EQ(now.version, 2);
  EXPECT_EQ(cases_.promises_of(c.id)->at(0).met, clock_.at);
  const auto answers = *cases_.answers_of(c.id);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].words, "It was us.");
  EXPECT_EQ(answers[0].by, kAda);
  EXPECT_EQ(answers[0].message_id, done->mail.message_id);
  EXPECT_EQ(count("answer WHERE message IS NOT NULL"), 1);
  EXPECT_EQ(cases_.cases_of_message_ids({done->mail.message_id})->at(0), c.id);

  EXPECT_EQ(queued_message(), done->mail.message);
  const test::PythonMail mail = test::read_by_python(queued_message());
  EXPECT_EQ(mail.fields.at("to"), "ann@example.com");
  EXPECT_EQ(mail.fields.at("in-reply-to"), "<mail-2@mail.example.com>");
  EXPECT_EQ(mail.text.find("mail-2"), std::string::npos);
  EXPECT_EQ(mail.fields.at("from").find("ada"), std::string::npos);

  const auto history = *HistoryStore{c_}.of_case(c.id);
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].kind, "answered");
  EXPECT_EQ(history[0].actor, "staff");
  EXPECT_NE(history[0].detail.find(kAda), std::string::npos);
}

TEST_P(AnsweringTest, ALateAnswerStaysLateInTheRecord) {
  const Case c = open();
  clock_.at = *parse_rfc3339("2026-11-20T00:00:00Z");  // the very moment
  ASSERT_TRUE(desk_.answer(request(c.id)));
  const Promise promise = cases_.promises_of(c.id)->at(0);
  EXPECT_FALSE(*promise.met < promise.due);
}

TEST_P(AnsweringTest, AReplyLeavesTheClocks) {
  const Case c = open();
  ASSERT_TRUE(desk_.answer(request(c.id, Outcome::reply)));
  const Case now = *cases_.find(c.id);
  EXPECT_EQ(now.state, "open");
  EXPECT_EQ(now.version, c.version);
  EXPECT_TRUE(cases_.promises_of(c.id)->at(0).is_open());
  EXPECT_EQ(count("outbox WHERE kind = 'answer'"), 1);
  EXPECT_EQ(HistoryStore{c_}.of_case(c.id)->at(0).kind, "reply");
}

TEST_P(AnsweringTest, ASecondAnswerIsHeldUnlessAnyway) {
  const Case c = open();
  ASSERT_TRUE(desk_.answer(request(c.id)));
  EXPECT_EQ(desk_.answer(request(c.id)).error().fault(), Fault::conflict);
  AnswerRequest seen = request(c.id);
  seen.seen_version = 1;
  EXPECT_EQ(desk_.answer(seen).error().fault(), Fault::conflict);
  EXPECT_EQ(desk_.preview(seen).error().fault(), Fault::conflict);
  EXPECT_EQ(count("outbox"), 1);
  seen.anyway = true;
  ASSERT_TRUE(desk_.answer(seen));
  EXPECT_EQ(count("outbox"), 2);
  EXPECT_EQ(cases_.find(c.id)->version, 3);
}

TEST_P(AnsweringTest, TheFirstAnswerMayComeFromAnOldView) {
  const Case c = open();
  Case changed = *cases_.find(c.id);
  changed.urgent = true;
  ASSERT_TRUE(cases_.update(changed));
  AnswerRequest old = request(c.id);
  old.seen_version = 1;
  EXPECT_TRUE(desk_.answer(old));
}

TEST_P(AnsweringTest, AnAnswerToACaseThatCameBackMeanwhileIsHeld) {
  const Case c = open();
  ASSERT_TRUE(desk_.answer(request(c.id)));
  Case back = *cases_.find(c.id);
  const std::int64_t seen = back.version;
  back.state = "open";
  ASSERT_TRUE(cases_.update(back));
  AnswerRequest old = request(c.id);
  old.seen_version = seen;
  EXPECT_EQ(desk_.answer(old).error().fault(), Fault::conflict);
  old.seen_version = seen + 1;
  EXPECT_TRUE(desk_.answer(old));
}

struct Refused {
  const char* name;
  std::function<void(AnswerRequest&)> change;
  Fault fault;
};

TEST_P(AnsweringTest, WhatCannotBeSaidChangesNothing) {
  open("TM-AAAAAA");
  open("TM-100KKK", "look");
  Case nobody = open("TM-N0B0DY");
  ASSERT_TRUE(c_.execute(
      store::Sql{"nobody", "UPDATE cases SET reporter_address = '' WHERE id = 'TM-N0B0DY'"}));
  const Refused kRows[] = {
      {"no such case", [](auto& r) { r.case_id = "TM-ZZZZZZ"; }, Fault::not_found},
      {"no staff", [](auto& r) { r.by = "eve@example.net"; }, Fault::denied},
      {"nobody's name", [](auto& r) { r.by = ""; }, Fault::denied},
      {"no words", [](auto& r) { r.words = "\n"; }, Fault::invalid},
      {"too many words", [](auto& r) { r.words = std::string(300'000, 'x'); }, Fault::invalid},
      {"not UTF-8", [](auto& r) { r.words = "\xff"; }, Fault::invalid},
      {"nobody to write to", [](auto& r) { r.case_id = "TM-N0B0DY"; }, Fault::invalid},
      {"a look", [](auto& r) { r.case_id = "TM-100KKK"; }, Fault::conflict},
      {"post-mortem without a URL", [](auto& r) { r.outcome = Outcome::post_mortem; },
       Fault::invalid},
      {"post-mortem over http",
       [](auto& r) {
         r.outcome = Outcome::post_mortem;
         r.url = "http://docs.example.org/x";
       },
       Fault::invalid},
      {"an incident that is none",
       [](auto& r) {
         r.outcome = Outcome::tracking;
         r.incident = "x y\r\nBcc: eve@example.net";
       },
       Fault::invalid},
  };
  for (const Refused& row : kRows) {
    SCOPED_TRACE(row.name);
    AnswerRequest wrong = request("TM-AAAAAA");
    row.change(wrong);
    const auto answered = desk_.answer(wrong);
    ASSERT_FALSE(answered);
    EXPECT_EQ(answered.error().fault(), row.fault);
    EXPECT_EQ(desk_.preview(wrong).error().fault(), row.fault);
  }
  EXPECT_EQ(count("outbox"), 0);
  EXPECT_EQ(count("answer"), 0);
  EXPECT_EQ(count("history"), 0);
  EXPECT_EQ(count("promise WHERE met_at IS NOT NULL"), 0);
}

TEST_P(AnsweringTest, APreviewIsTheMailAndChangesNothing) {
  const Case c = open();
  const auto shown = desk_.preview(request(c.id));
  ASSERT_TRUE(shown);
  EXPECT_NE(test::read_by_python(shown->mail.message).text.find("It was us."), std::string::npos);
  EXPECT_EQ(count("outbox"), 0);
  EXPECT_EQ(count("answer"), 0);
  EXPECT_EQ(cases_.find(c.id)->version, 1);
}

// The store fails in the middle: at each table that an answer writes.
TEST_P(AnsweringTest, AnAnswerIsWholeOrNotAtAll) {
  const Case c = open();
  for (const char* table : {"answer", "outbox", "case_message_id", "promise", "history_detail"}) {
    SCOPED_TRACE(table);
    const std::string name{table};
    const std::string away = "ALTER TABLE " + name + " RENAME TO away";
    const std::string back = "ALTER TABLE away RENAME TO " + name;
    ASSERT_TRUE(c_.execute(store::Sql{"away", away}));
    EXPECT_FALSE(desk_.answer(request(c.id)));
    ASSERT_TRUE(c_.execute(store::Sql{"back", back}));
    EXPECT_EQ(cases_.find(c.id)->state, "open");
    EXPECT_EQ(count("outbox"), 0);
    EXPECT_EQ(count("answer"), 0);
    EXPECT_EQ(count("promise WHERE met_at IS NOT NULL"), 0);
  }
  EXPECT_TRUE(desk_.answer(request(c.id)));
}

struct Pointed {
  const char* name;
  const char* url;
  bool good;
};

TEST_P(AnsweringTest, SEC_70_APostMortemMustStandInTheRegister) {
  open();
  Desk desk = at_desk([] { return Result<std::string>{kRegister}; });
  for (const Pointed& row :
       {Pointed{"published", "https://docs.example.org/i/2026-11-01-dns/", true},
        Pointed{"without the slash", "https://docs.example.org/i/2026-11-01-dns", true},
        Pointed{"reserved", "https://docs.example.org/i/2026-11-02-vpn/", false},
        Pointed{"unknown", "https://docs.example.org/i/2026-11-03-x/", false},
        Pointed{"another site", "https://evil.example.net/i/2026-11-01-dns/", false}}) {
    SCOPED_TRACE(row.name);
    AnswerRequest r = request("TM-AAAAAA", Outcome::post_mortem);
    r.url = row.url;
    const auto shown = desk.preview(r);
    EXPECT_EQ(shown.has_value(), row.good);
    EXPECT_EQ(shown ? shown->warning : "", "");
    EXPECT_TRUE(shown || shown.error().fault() == Fault::invalid);
  }
}

TEST_P(AnsweringTest, WithoutARegisterAnyHttpsUrlIsTakenWithAWarning) {
  const Case c = open();
  AnswerRequest r = request(c.id, Outcome::post_mortem);
  r.url = "https://anywhere.example.net/x";
  const auto done = desk_.answer(r);
  ASSERT_TRUE(done);
  EXPECT_NE(done->warning, "");
  EXPECT_EQ(cases_.find(c.id)->post_mortem_url, r.url);
}

TEST_P(AnsweringTest, ARegisterThatCannotBeReadStopsAPostMortemAndNothingElse) {
  open("TM-AAAAAA");
  open("TM-BBBBBB");
  Desk desk = at_desk([]() -> Result<std::string> { return Error{Fault::unavailable, "down"}; });
  AnswerRequest r = request("TM-AAAAAA", Outcome::post_mortem);
  r.url = "https://docs.example.org/i/2026-11-01-dns/";
  EXPECT_EQ(desk.answer(r).error().fault(), Fault::unavailable);
  EXPECT_TRUE(desk.answer(request("TM-AAAAAA", Outcome::explained)));
  EXPECT_TRUE(desk.answer(request("TM-BBBBBB", Outcome::tracking)));
  Desk garbled = at_desk([] { return Result<std::string>{"<html>"}; });
  r.anyway = true;
  EXPECT_EQ(garbled.answer(r).error().fault(), Fault::invalid);
}

TEST_P(AnsweringTest, TrackingIsTiedToItsIncident) {
  const Case c = open();
  Desk desk = at_desk([] { return Result<std::string>{kRegister}; });
  AnswerRequest r = request(c.id, Outcome::tracking);
  r.incident = "2026-11-02-vpn";
  EXPECT_EQ(desk.preview(r)->warning, "");
  r.incident = "2026-11-09-other";
  EXPECT_NE(desk.preview(r)->warning, "");
  ASSERT_TRUE(desk.answer(r));
  EXPECT_EQ(cases_.find(c.id)->incident, "2026-11-09-other");
}

TEST_P(AnsweringTest, BountyMakesItAVulnerabilityWithATriageFromItsArrival) {
  const Case c = open();
  ASSERT_TRUE(desk_.answer(request(c.id, Outcome::bounty)));
  EXPECT_EQ(cases_.find(c.id)->kind, "vulnerability");
  const auto promises = *cases_.promises_of(c.id);
  ASSERT_EQ(promises.size(), 2U);
  EXPECT_EQ(promises[1].kind, "triage");
  EXPECT_EQ(promises[1].start, c.received);
  EXPECT_TRUE(promises[1].is_open());
  EXPECT_EQ(to_rfc3339(promises[1].due), "2026-11-26T00:00:00Z");
}

INSTANTIATE_TEST_SUITE_P(Stores, AnsweringTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
