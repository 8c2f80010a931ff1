#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "intake/case/mail_store.h"
#include "intake/case/promise.h"
#include "intake/desk/desk.h"
#include "lib/cage/json.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/intake_store.h"

namespace trust::intake {

using namespace std::chrono_literals;

inline const UtcTime kMonday = *parse_rfc3339("2026-11-16T09:00:00Z");
inline const std::string kAda = "ada@example.org";

/// A desk over a store with cases of one reporter.
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

}  // namespace trust::intake
