#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "intake/case/case_id.h"
#include "intake/case/case_store.h"
#include "intake/case/history_store.h"
#include "intake/case/mail_store.h"
#include "intake/desk/desk.h"
#include "intake/flow/filing.h"
#include "intake/flow/mail_arrived.h"
#include "intake/flow/reading.h"
#include "intake/flow/telling.h"
#include "lib/base/id.h"
#include "lib/base/text.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/intake_store.h"

namespace trust::intake {

using namespace std::chrono_literals;

/// A row of the outbox.
struct Queued {
  std::string kind, reference, envelope_from, recipient, message, message_id;
};

/// Everything between a stored mail and the outbox; the parser child is a table of its answers.
class FlowWorld : public testing::TestWithParam<std::string> {
 protected:
  static inline const std::string kUs = "security@example.org";
  static inline const std::string kAda = "ada@example.org";
  static inline const std::string kBob = "bob@example.org";
  static inline const std::string kAnn = "ann@example.com";

  test::TestStore store_{GetParam(), test::intake_tables()};
  store::Connection c_ = store_.connect();
  Keyring keyring_ = Keyring::from_secret("ours");
  Calendar calendar_;
  ServiceBook services_ = *ServiceBook::from_json(
      R"({"services":[{"id":"haven-dns","name":"Haven DNS","aliases":["Haven"]}]})");
  Letters letters_ = *Letters::load("templates");
  test::FakeClock clock_{*parse_rfc3339("2026-11-24T10:00:00Z")};  // a Tuesday
  StopSignal stop_;
  FlowTools tools_{c_, keyring_, calendar_, services_, letters_, clock_};
  FlowSettings settings_{.identity = {.address = kUs, .reply_to = {}}, .staff = {kAda, kBob}};

  CaseStore cases_{c_};
  MailStore mails_{c_};
  Desk desk_{{c_, keyring_, calendar_, letters_, clock_},
             {settings_.identity, {{kAda, "Ada"}, {kBob, "Bob"}}, {}}};

  std::map<std::string, mail::ParsedMail> read_;  ///< by raw bytes, which are the mail's id
  std::set<std::string> unreadable_;              ///< for these the parser fails
  ParseMail parse_ = [this](std::string_view raw) -> Result<mail::ParsedMail> {
    const std::string id{raw};
    if (unreadable_.contains(id)) return Error{Fault::internal, "broken"};
    return read_.at(id);
  };

  mail::ParsedMail a_report(const std::string& from = kAnn,
                            const std::string& subject = "Haven DNS is slow") {
    mail::ParsedMail mail;
    mail.from = {"Ann", from};
    mail.subject = subject;
    mail.to = {kUs};
    mail.text = "Haven DNS answers after seconds since 2026-11-24 08:00 UTC.";
    mail.message_id = "report-" + std::to_string(++made_) + "@mail.example.com";
    mail.date = clock_.now();
    return mail;
  }
  static void verify_sender(mail::ParsedMail& mail, const std::string& dmarc = "pass") {
    mail.authentication = {{"mx.example.org", dmarc, ""}};
  }

  struct Where {
    std::chrono::milliseconds ago{0};  ///< arrived this long before it was first seen
    std::string folder = "INBOX";
    bool truncated = false;
  };
  /// The mail is stored, as the mailbox would; its id.
  std::string arrive(mail::ParsedMail mail, const Where& where) {
    std::string id = "mail-" + std::to_string(++stored_);
    if (mail.visible_reply.empty()) mail.visible_reply = mail.text;
    mail.content_sha256 =
        to_hex(sha256(mail.from.address + mail.message_id + mail.subject + mail.text));
    read_[id] = mail;
    test::put_mail(c_, {.id = id,
                        .raw = id,
                        .received = clock_.now() - where.ago,
                        .first_seen = clock_.now(),
                        .folder = where.folder,
                        .truncated = where.truncated});
    return id;
  }
  std::string arrive(const mail::ParsedMail& mail) { return arrive(mail, Where{}); }

  Arrived run() {
    const Result<Arrived> arrived = mails_arrived(tools_, settings_, parse_, stop_);
    EXPECT_TRUE(arrived) << arrived.error().text();
    return arrived ? *arrived : Arrived{};
  }
  /// The mail goes all the way; the case it belongs to now.
  Case case_after(const mail::ParsedMail& mail, const Where& where) {
    const std::string id = arrive(mail, where);
    run();
    return case_of(id);
  }
  Case case_after(const mail::ParsedMail& mail) { return case_after(mail, Where{}); }
  Case case_of(const std::string& mail_id) {
    const StoredMail stored = *mails_.find(mail_id);
    const Result<Case> found = cases_.find(stored.case_id);
    EXPECT_TRUE(found) << stored.stage << " " << stored.relation;
    return found ? *found : Case{};
  }
  std::string relation_of(const std::string& mail_id) { return mails_.find(mail_id)->relation; }

  std::vector<Queued> queued(const std::string& kind) {
    const store::Sql rows{
        "queued",
        "SELECT kind, reference, envelope_from, recipient, message, message_id FROM outbox WHERE "
        "kind = $1 ORDER BY created_at, reference",
        "ttttbt"};
    const auto all = *c_.query(rows, {kind});
    std::vector<Queued> found;
    found.reserve(all.size());
    for (const store::Row& row : all)
      found.push_back({row[0].text(), row[1].text(), row[2].text(), row[3].text(), row[4].bytes(),
                       row[5].text()});
    return found;
  }
  std::int64_t count(std::string_view table_and_where) {
    return test::number(c_, "SELECT COUNT(*) FROM " + std::string{table_and_where});
  }
  std::vector<Promise> promises(const Case& c) { return *cases_.promises_of(c.id); }
  std::vector<std::string> kinds_of_history(const Case& c) {
    const auto rows = *HistoryStore{c_}.of_case(c.id);
    std::vector<std::string> kinds;
    kinds.reserve(rows.size());
    for (const HistoryEntry& row : rows) kinds.push_back(row.kind);
    return kinds;
  }
  Case now(const Case& c) { return *cases_.find(c.id); }
  bool is_marked(const Case& c, std::string_view mark) {
    const Case found = now(c);
    return std::find(found.marks.begin(), found.marks.end(), mark) != found.marks.end();
  }

  std::string thread(const Case& c) { return thread_reference(keyring_, c.id, "example.org"); }
  std::string signed_address(const Case& c) {
    return tokened_address(address_pattern(kUs), case_token(keyring_, c.id));
  }
  void answer(const Case& c) {
    const auto done = desk_.answer(
        {.case_id = c.id, .outcome = Outcome::explained, .words = "It was us.", .by = kAda});
    ASSERT_TRUE(done) << done.error().text();
  }

 private:
  int made_ = 0;
  int stored_ = 0;
};

}  // namespace trust::intake
