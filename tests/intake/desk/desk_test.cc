#include "intake/desk/desk.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "intake/case/mail_store.h"
#include "intake/case/opening.h"
#include "intake/case/promise.h"
#include "lib/cage/json.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/intake_store.h"
#include "tests/fakes/python_mail.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;

const UtcTime kMonday = *parse_rfc3339("2026-11-16T09:00:00Z");
const std::string kAda = "ada@example.org";
constexpr const char* kRegister = R"({"incidents":[
    {"id":"2026-11-01-dns","url":"https://docs.example.org/i/2026-11-01-dns/","status":"published"},
    {"id":"2026-11-02-vpn","url":"https://docs.example.org/i/2026-11-02-vpn/","status":"reserved"}]})";

class DeskTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), test::intake_tables()};
  store::Connection c_ = store_.connect();
  Keyring keyring_ = Keyring::from_secret("ours");
  Calendar calendar_;
  Letters letters_ = *Letters::load("templates");
  test::FakeClock clock_{kMonday + 1h};
  CaseStore cases_{c_};
  Desk desk_ = at_desk({});

  Desk at_desk(std::function<Result<std::string>()> read_register) {
    return Desk{{c_, keyring_, calendar_, letters_, clock_},
                {{.address = "security@example.org", .reply_to = {}},
                 {{kAda, "Ada"}, {"bob@example.org", ""}},
                 std::move(read_register)}};
  }

  /// A mail that was filed in the case.
  void put(const std::string& id, const std::string& case_id, const std::string& relation,
           UtcTime received, const std::vector<mail::Attachment>& attachments = {}) {
    test::put_mail(c_, {.id = id, .raw = "raw of " + id, .received = received});
    mail::ParsedMail parsed;
    parsed.text = "text of " + id;
    parsed.attachments = attachments;
    StoredMail mail;
    mail.id = id;
    mail.parsed = cage::to_json(parsed).dump();
    mail.message_id = id + "@mail.example.com";
    mail.kind = "symptom";
    mail.case_id = case_id;
    mail.relation = relation;
    ASSERT_TRUE(*MailStore{c_}.set_parsed(mail, "digest of " + id));
    ASSERT_TRUE(*MailStore{c_}.file(mail));
  }
  Case open(const std::string& id = "TM-AAAAAA", const std::string& state = "open") {
    Case c;
    c.id = id;
    c.state = state;
    c.kind = "symptom";
    c.reporter_address = "ann@example.com";
    c.subject = "Haven DNS is slow";
    c.first_mail = c.notice_mail = "mail-of-" + id;
    c.received = kMonday;
    c.opened = kMonday;
    c.acknowledgment = "not_owed";
    c.acknowledgment_because = state == "look" ? "look" : "old";
    c.notice = "none";
    EXPECT_TRUE(*cases_.open(c));
    if (state == "open") {
      EXPECT_TRUE(add_promises(c_, c, c.received, "internal_date", calendar_));
    }
    put(c.first_mail, c.id, "first", c.received);
    return *cases_.find(c.id);
  }
  static AnswerRequest request(const std::string& id, Outcome outcome = Outcome::explained) {
    return {.case_id = id, .outcome = outcome, .words = "It was us.", .by = kAda};
  }
  std::int64_t count(std::string_view where) {
    return test::number(c_, "SELECT COUNT(*) FROM " + std::string{where});
  }
  std::string queued_message() {
    const store::Sql sql{"message", "SELECT message FROM outbox WHERE kind = 'answer'", "b"};
    return (*c_.query_one(sql))[0].bytes();
  }
};

// --- acting ---

TEST_P(DeskTest, AnAnswerMeetsThePromiseAndIsKept) {
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

TEST_P(DeskTest, ALateAnswerStaysLateInTheRecord) {
  const Case c = open();
  clock_.at = *parse_rfc3339("2026-11-20T00:00:00Z");  // the very moment
  ASSERT_TRUE(desk_.answer(request(c.id)));
  const Promise promise = cases_.promises_of(c.id)->at(0);
  EXPECT_FALSE(*promise.met < promise.due);
}

TEST_P(DeskTest, AReplyLeavesTheClocks) {
  const Case c = open();
  ASSERT_TRUE(desk_.answer(request(c.id, Outcome::reply)));
  const Case now = *cases_.find(c.id);
  EXPECT_EQ(now.state, "open");
  EXPECT_EQ(now.version, c.version);
  EXPECT_TRUE(cases_.promises_of(c.id)->at(0).is_open());
  EXPECT_EQ(count("outbox WHERE kind = 'answer'"), 1);
  EXPECT_EQ(HistoryStore{c_}.of_case(c.id)->at(0).kind, "reply");
}

TEST_P(DeskTest, ASecondAnswerIsHeldUnlessAnyway) {
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

TEST_P(DeskTest, TheFirstAnswerMayComeFromAnOldView) {
  const Case c = open();
  Case changed = *cases_.find(c.id);
  changed.urgent = true;
  ASSERT_TRUE(cases_.update(changed));
  AnswerRequest old = request(c.id);
  old.seen_version = 1;
  EXPECT_TRUE(desk_.answer(old));
}

TEST_P(DeskTest, AnAnswerToACaseThatCameBackMeanwhileIsHeld) {
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

TEST_P(DeskTest, WhatCannotBeSaidChangesNothing) {
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

TEST_P(DeskTest, APreviewIsTheMailAndChangesNothing) {
  const Case c = open();
  const auto shown = desk_.preview(request(c.id));
  ASSERT_TRUE(shown);
  EXPECT_NE(test::read_by_python(shown->mail.message).text.find("It was us."), std::string::npos);
  EXPECT_EQ(count("outbox"), 0);
  EXPECT_EQ(count("answer"), 0);
  EXPECT_EQ(cases_.find(c.id)->version, 1);
}

// The store fails in the middle: at each table that an answer writes.
TEST_P(DeskTest, AnAnswerIsWholeOrNotAtAll) {
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

TEST_P(DeskTest, SEC_70_APostMortemMustStandInTheRegister) {
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

TEST_P(DeskTest, WithoutARegisterAnyHttpsUrlIsTakenWithAWarning) {
  const Case c = open();
  AnswerRequest r = request(c.id, Outcome::post_mortem);
  r.url = "https://anywhere.example.net/x";
  const auto done = desk_.answer(r);
  ASSERT_TRUE(done);
  EXPECT_NE(done->warning, "");
  EXPECT_EQ(cases_.find(c.id)->post_mortem_url, r.url);
}

TEST_P(DeskTest, ARegisterThatCannotBeReadStopsAPostMortemAndNothingElse) {
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

TEST_P(DeskTest, TrackingIsTiedToItsIncident) {
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

TEST_P(DeskTest, BountyMakesItAVulnerabilityWithATriageFromItsArrival) {
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

// --- looking ---

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
