#include "intake/report/understand.h"

#include <gtest/gtest.h>

#include <functional>

namespace trust::intake {
namespace {

const ServiceBook& book() {
  static const ServiceBook made = *ServiceBook::from_json(
      R"({"services": [{"id": "haven-dns", "name": "Haven DNS", "aliases": ["haven"]}]})");
  return made;
}

MailContext context() {
  return {.received = *parse_rfc3339("2026-11-24T16:00:00Z"),
          .own_addresses = {"security@example.org"},
          .own_lists = {"1234567890"},
          .authserv_id = "mx.example.org"};
}

mail::ParsedMail report() {
  mail::ParsedMail m;
  m.subject = "Haven DNS does not answer";
  m.from = {"Ann", "ann@example.net"};
  m.to = {"security@example.org"};
  m.message_id = "1@example.net";
  m.text = m.visible_reply = "Since 2026-11-24 14:05 UTC every query to Haven times out.";
  return m;
}

Understood read(
    const std::function<void(mail::ParsedMail&)>& change,
    const std::function<void(MailContext&)>& change_context = [](MailContext&) {}) {
  mail::ParsedMail m = report();
  change(m);
  MailContext c = context();
  change_context(c);
  return understand(m, c, book());
}

TEST(Understand, AReportOfASymptomIsTakenApart) {
  const Understood u = understand(report(), context(), book());
  EXPECT_EQ(u.kind, MailKind::symptom);
  EXPECT_TRUE(opens_promise(u.kind));
  EXPECT_FALSE(u.urgent);
  EXPECT_EQ(u.sender.address.address, "ann@example.net");
  EXPECT_EQ(u.services, std::vector<std::string>{"haven-dns"});
  ASSERT_EQ(u.times.size(), 1U);
  EXPECT_EQ(to_rfc3339(u.times[0].utc), "2026-11-24T14:05:00Z");
  EXPECT_EQ(u.times[0].words, "2026-11-24 14:05 UTC");
  EXPECT_TRUE(u.missing.empty());
  EXPECT_TRUE(u.may_acknowledge);
}

struct Case {
  const char* name;
  std::function<void(mail::ParsedMail&)> change;
  MailKind kind;
  std::string look_because;
  bool urgent;
  bool may_acknowledge;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class KindTest : public testing::TestWithParam<Case> {};

TEST_P(KindTest, IsTold) {
  const Case& c = GetParam();
  const Understood u = read(c.change);
  EXPECT_EQ(name_of(u.kind), name_of(c.kind));
  EXPECT_EQ(u.look_because, c.look_because);
  EXPECT_EQ(u.urgent, c.urgent);
  EXPECT_EQ(u.may_acknowledge, c.may_acknowledge);
}

using M = mail::ParsedMail;
const mail::Authentication kPass{"mx.example.org", "pass", ""};

const Case kCases[] = {
    {"Urgent", [](M& m) { m.subject = "Re: security urgent: hole"; }, MailKind::vulnerability, "",
     true, true},
    {"Encrypted", [](M& m) { m.encrypted = true; }, MailKind::symptom, "", true, true},
    {"Bounce", [](M& m) { m.is_bounce = m.must_not_ack = m.must_not_ack_apart_from_list = true; },
     MailKind::bounce, "", false, false},
    {"BounceOfAnUrgentMail",
     [](M& m) {
       m.is_bounce = m.must_not_ack = true;
       m.subject = "SECURITY URGENT: x";
     },
     MailKind::bounce, "", false, false},
    {"OutOfOffice",
     [](M& m) { m.is_auto_reply = m.must_not_ack = m.must_not_ack_apart_from_list = true; },
     MailKind::auto_reply, "", false, false},
    {"List",
     [](M& m) {
       m.is_bulk = m.must_not_ack = true;
       m.list_id = "news.example.com";
     },
     MailKind::bulk, "", false, false},
    {"UrgentThroughAList",
     [](M& m) {
       m.is_bulk = m.must_not_ack = true;
       m.subject = "SECURITY URGENT: x";
     },
     MailKind::vulnerability, "", true, false},
    {"OwnListById",
     [](M& m) {
       m.is_bulk = m.must_not_ack = true;
       m.list_id = "security.example.org";
     },
     MailKind::symptom, "", false, true},
    {"OwnListByGroup",
     [](M& m) {
       m.is_bulk = m.must_not_ack = true;
       m.list_id = "1234567890";
     },
     MailKind::symptom, "", false, true},
    {"OwnListAutomatic",
     [](M& m) {
       m.is_bulk = m.must_not_ack = m.must_not_ack_apart_from_list = true;
       m.list_id = "security@example.org";
     },
     MailKind::look, "automatic", false, false},
    {"Automatic", [](M& m) { m.must_not_ack = m.must_not_ack_apart_from_list = true; },
     MailKind::look, "automatic", false, false},
    {"AutomaticVouchedFor",
     [](M& m) {
       m.must_not_ack = true;
       m.authentication = {kPass};
     },
     MailKind::symptom, "", false, false},
    {"AbuseReport",
     [](M& m) {
       m.must_not_ack = true;
       m.arf = mail::Arf{};
       m.authentication = {kPass};
     },
     MailKind::look, "abuse_report", false, false},
    {"NoSender", [](M& m) { m.from = {}; }, MailKind::look, "no_sender", false, false},
    {"NoSenderUrgent",
     [](M& m) {
       m.from = {};
       m.subject = "SECURITY URGENT: x";
     },
     MailKind::vulnerability, "", true, false},
    {"Ourselves", [](M& m) { m.from.address = "Security@Example.ORG"; }, MailKind::look,
     "own_address", false, false},
    {"OurselvesUrgent",
     [](M& m) {
       m.from.address = "security@example.org";
       m.subject = "SECURITY URGENT: x";
     },
     MailKind::look, "own_address", true, false},
    {"RewrittenByOurGroup",
     [](M& m) {
       m.from.address = "security@example.org";
       m.original_from = "ann@example.net";
     },
     MailKind::symptom, "", false, true},
    {"Empty", [](M& m) { m.subject = m.text = m.visible_reply = ""; }, MailKind::look, "empty",
     false, false},
    {"OnlyASubject", [](M& m) { m.text = m.visible_reply = ""; }, MailKind::symptom, "", false,
     true},
    {"Unparsed",
     [](M& m) {
       m.unparsed = m.must_not_ack = m.must_not_ack_apart_from_list = true;
       m.text = "";
     },
     MailKind::symptom, "", false, false},
    {"Suppressed", [](M& m) { m.suppresses_auto_reply = true; }, MailKind::symptom, "", false,
     false},
    {"AddressThatCannotBeWrittenTo", [](M& m) { m.from.address = "\"a b\"@example.net"; },
     MailKind::symptom, "", false, false},
    {"DmarcFail",
     [](M& m) {
       m.authentication = {{"mx.example.org", "fail", ""}};
     },
     MailKind::symptom, "", false, true},
};
INSTANTIATE_TEST_SUITE_P(Report, KindTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Understand, JunkIsLookedAtAndSomeOfItIsAReportByItself) {
  const auto junk = [](MailContext& c) { c.folder = "\\Junk"; };
  const auto kind = [&](const std::function<void(M&)>& change) { return read(change, junk).kind; };
  EXPECT_EQ(kind([](M&) {}), MailKind::look);
  EXPECT_EQ(read([](M&) {}, junk).look_because, "junk_folder");
  EXPECT_EQ(kind([](M& m) { m.subject = "SECURITY URGENT: x"; }), MailKind::vulnerability);
  EXPECT_EQ(kind([](M& m) { m.encrypted = true; }), MailKind::symptom);
  EXPECT_EQ(kind([](M& m) { m.authentication = {kPass}; }), MailKind::symptom);
  // Vouched for, but about nothing of ours; or vouched for by somebody else.
  EXPECT_EQ(kind([](M& m) {
              m.authentication = {kPass};
              m.subject = m.text = m.visible_reply = "Cheap watches";
            }),
            MailKind::look);
  EXPECT_EQ(kind([](M& m) {
              m.authentication = {{"mx.evil.example", "pass", ""}};
            }),
            MailKind::look);
  EXPECT_EQ(kind([](M& m) {
              m.authentication = {{"mx.evil.example", "fail", ""}, kPass};
            }),
            MailKind::look);
  EXPECT_EQ(kind([](M& m) { m.is_bounce = true; }), MailKind::bounce);
}

TEST(Understand, OnlyTheTopmostResultOfOurServerIsBelieved) {
  M m = report();
  EXPECT_EQ(believed_authentication(m, "mx.example.org").dmarc, "");
  m.authentication = {{"MX.example.org", "pass", "pass"}, {"mx.example.org", "fail", ""}};
  EXPECT_EQ(believed_authentication(m, "mx.example.org").dmarc, "pass");
  EXPECT_EQ(believed_authentication(m, "").dmarc, "pass");
  EXPECT_EQ(believed_authentication(m, "other.example.org").dmarc, "");
  EXPECT_EQ(believed_authentication(m, "other.example.org").auth, "");
}

TEST(Understand, AGroupsFromIsReplacedByWhoWrote) {
  M m = report();
  m.from = {"Ann via security", "security@example.org"};
  m.reply_to = {{"", "security@example.org"}, {"Ann", "ann@example.net"}};
  Sender s = sender_of(m, {"security@example.org"});
  EXPECT_TRUE(s.replaced);
  EXPECT_EQ(s.address.address, "ann@example.net");
  m.original_from = "first@example.net";
  EXPECT_EQ(sender_of(m, {"security@example.org"}).address.address, "first@example.net");
  m.original_from = "security@example.org";
  m.reply_to.clear();
  s = sender_of(m, {"security@example.org"});
  EXPECT_TRUE(s.is_ourselves);
  EXPECT_FALSE(s.replaced);
  EXPECT_FALSE(sender_of(report(), {"security@example.org"}).replaced);
}

TEST(Understand, WhatIsMissingIsAskedFor) {
  using Words = std::vector<std::string>;
  const auto missing = [](const char* subject, const char* text) {
    return read([&](M& m) {
             m.subject = subject;
             m.text = m.visible_reply = text;
           })
        .missing;
  };
  EXPECT_EQ(missing("help", "it is broken"), (Words{"what", "when", "service"}));
  EXPECT_EQ(missing("Haven", "it is broken"), (Words{"what", "when"}));
  EXPECT_EQ(missing("help", "Since this morning no name is resolved any more."),
            (Words{"when", "service"}));
  EXPECT_EQ(missing("help", "Since yesterday 14:00 UTC no name is resolved any more."),
            (Words{"service"}));
  EXPECT_TRUE(read([](M& m) {
                m.encrypted = true;
                m.subject = m.text = m.visible_reply = "";
              }).missing.empty());
}

TEST(Understand, AReplysQuotedHistoryIsNotItsReport) {
  const Understood u = read([](M& m) {
    m.subject = "Re: your message";
    m.references = {"0@example.org"};
    m.visible_reply = "No, it still fails, at 2026-11-24 15:00 UTC.";
    m.text = m.visible_reply + "\n> Haven failed at 2026-11-24 14:05 UTC";
  });
  EXPECT_TRUE(u.services.empty());
  ASSERT_EQ(u.times.size(), 1U);
  EXPECT_EQ(to_rfc3339(u.times[0].utc), "2026-11-24T15:00:00Z");
}

}  // namespace
}  // namespace trust::intake
