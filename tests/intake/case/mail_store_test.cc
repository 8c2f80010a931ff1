#include "intake/case/mail_store.h"

#include <gtest/gtest.h>

#include "tests/fakes/intake_store.h"

namespace trust::intake {
namespace {

using namespace std::chrono_literals;

const UtcTime kNow = *parse_rfc3339("2026-11-16T09:00:00Z");

/// Bytes as they come: with a NUL.
std::string raw_of(const std::string& id) { return std::string{"raw\0of ", 7} + id; }

class MailStoreTest : public testing::TestWithParam<std::string> {
 protected:
  test::TestStore store_{GetParam(), test::intake_tables()};
  store::Connection c_ = store_.connect();
  MailStore mails_{c_};

  void put(const std::string& id, UtcTime seen = kNow) {
    test::put_mail(c_, {.id = id, .raw = raw_of(id), .received = seen, .first_seen = seen});
  }
  void parse(const std::string& id, const std::string& digest = "d",
             const std::string& from = "ann@example.org") {
    StoredMail mail;
    mail.id = id;
    mail.parsed = "{}";
    mail.from_address = from;
    mail.message_id = "m@example.org";
    ASSERT_TRUE(*mails_.set_parsed(mail, digest));
  }
  void file(const std::string& id, const std::string& case_id, const std::string& relation) {
    StoredMail mail;
    mail.id = id;
    mail.kind = "symptom";
    mail.case_id = case_id;
    mail.relation = relation;
    ASSERT_TRUE(*mails_.file(mail));
  }
};

TEST_P(MailStoreTest, AMailGoesThroughItsStagesOnce) {
  put("m1");
  EXPECT_EQ(mails_.find("m1")->stage, "stored");
  StoredMail mail;
  mail.id = "m1";
  EXPECT_FALSE(*mails_.file(mail));
  parse("m1");
  EXPECT_EQ(mails_.find("m1")->stage, "parsed");
  EXPECT_EQ(*mails_.digest_content("m1"), "d");
  EXPECT_FALSE(*mails_.set_parsed(mail, "other"));
  file("m1", "TM-AAAAAA", "first");
  EXPECT_FALSE(*mails_.file(mail));
  const StoredMail filed = *mails_.find("m1");
  EXPECT_EQ(filed.stage, "filed");
  EXPECT_EQ(filed.case_id, "TM-AAAAAA");
  EXPECT_EQ(filed.relation, "first");
  EXPECT_EQ(filed.parsed, "{}");
  EXPECT_EQ(*mails_.raw("m1"), raw_of("m1"));
  EXPECT_EQ(mails_.of_case("TM-AAAAAA")->size(), 1U);
  EXPECT_EQ(*mails_.count_without_case(), 0);
}

TEST_P(MailStoreTest, WaitingMailsAreGivenInPagesOldestFirst) {
  put("c", kNow);
  put("b", kNow);
  put("a", kNow + 1s);
  put("z", kNow - 1s);
  put("filed", kNow - 2s);
  parse("filed");
  file("filed", "", "none");
  std::vector<std::string> seen;
  MailStore::Waiting last;
  for (;;) {
    const auto page = *mails_.waiting(last, 2);
    if (page.empty()) break;
    for (const auto& mail : page) seen.push_back(mail.id);
    last = page.back();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"z", "b", "c", "a"}));
  EXPECT_EQ(*mails_.count_waiting(kNow), 1);
  EXPECT_EQ(*mails_.count_waiting(UtcTime::max()), 4);
  EXPECT_EQ(*mails_.count_without_case(), 1);
}

TEST_P(MailStoreTest, ATwinHasTheSameContentAndSender) {
  for (const char* id : {"m1", "m2", "m3", "m4"}) put(id);
  parse("m1", "same");
  file("m1", "TM-AAAAAA", "first");
  parse("m2", "same");
  parse("m3", "same", "bob@example.org");
  parse("m4", "else");
  EXPECT_EQ((*mails_.twin("m2", "same", "ann@example.org"))->case_id, "TM-AAAAAA");
  EXPECT_EQ(*mails_.twin("m3", "same", "bob@example.org"), std::nullopt);
  EXPECT_EQ(*mails_.twin("m4", "else", "ann@example.org"), std::nullopt);
  EXPECT_EQ(*mails_.twin("m1", "same", "ann@example.org"), std::nullopt);
  EXPECT_TRUE(*mails_.is_known_message_id("m4", "m@example.org"));
  EXPECT_FALSE(*mails_.is_known_message_id("m4", ""));
}

TEST_P(MailStoreTest, OnlyWhoeverJoinedHasWrittenToACase) {
  for (const char* id : {"m1", "m2", "m3"}) put(id);
  parse("m1", "1", "ann@example.org");
  file("m1", "TM-AAAAAA", "first");
  parse("m2", "2", "bob@example.org");
  file("m2", "TM-AAAAAA", "follow_up");
  parse("m3", "3", "eve@example.org");
  file("m3", "TM-AAAAAA", "other_address");
  EXPECT_TRUE(*mails_.wrote_to("ann@example.org", "TM-AAAAAA"));
  EXPECT_TRUE(*mails_.wrote_to("bob@example.org", "TM-AAAAAA"));
  EXPECT_FALSE(*mails_.wrote_to("eve@example.org", "TM-AAAAAA"));
  EXPECT_FALSE(*mails_.wrote_to("", "TM-AAAAAA"));
}

INSTANTIATE_TEST_SUITE_P(Stores, MailStoreTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::intake
