#include "notifier/flow/subscriber_acted.h"

#include <gtest/gtest.h>

#include <regex>

#include "lib/base/text.h"
#include "lib/outbox/outbox_store.h"
#include "notifier/delivery/mail_composer.h"
#include "notifier/flow/clock_ticked.h"
#include "tests/notifier/flow/flow_fixture.h"

namespace trust::notifier {
namespace {

class SubscriberActedTest : public FlowTest {
 protected:
  SubscriberActedTest() { office_.stationery.public_url = "https://lists.example.org"; }

  bool ask(const std::string& address, std::vector<std::string> services = {}) {
    const auto asked =
        subscriber_asked(c_, keyring_, {address, std::move(services), "the words", "example.org"},
                         budget_, clock_.now());
    return asked && *asked;
  }
  bool confirm(const std::string& token) {
    return *subscriber_confirmed(c_, keyring_, token, clock_.now());
  }
  bool unsubscribe(const std::string& token) {
    return *subscriber_left(c_, keyring_, token, clock_.now());
  }
  std::string unsubscribe_token(const std::string& address) {
    return keyring_.sign(Purpose::unsubscribe,
                         from_hex((**SubscriberStore{c_, keyring_}.find(address)).token_id));
  }
  static std::string from_hex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
  }
  std::string state_of_reader(const std::string& address) {
    const auto found = SubscriberStore{c_, keyring_}.find(address);
    return *found ? std::string{name_of((*found)->state)} : "none";
  }
  /// The mail of the youngest confirmation, as the outbox would send it.
  outbox::Composed mail() {
    MailComposer composer{office_.stationery, office_.confirmation, keyring_, clock_};
    const auto claimed = outbox::OutboxStore{c_}.claim("w", 10, clock_.now(), clock_.now() + 1min);
    EXPECT_EQ(claimed->size(), 1U);
    return std::get<outbox::Composed>(*composer.compose(c_, claimed->back()));
  }
  static std::string token_in(const outbox::Composed& mail) {
    std::smatch found;
    std::string text = replace_all(replace_all(mail.message, "=\r\n", ""), "=3D", "=");
    return std::regex_search(text, found, std::regex{"/confirm\\?t=([0-9a-f]{32})"})
               ? found[1].str()
               : "";
  }
  std::int64_t mails() { return count("SELECT COUNT(*) FROM outbox"); }

  ConfirmationBudget budget_;
};

TEST_P(SubscriberActedTest, WhoAsksIsMailedAndConfirmsOnce) {
  ASSERT_TRUE(ask("R1@Example.NET", {"haven dns"}));
  EXPECT_EQ(state_of_reader("r1@example.net"), "asked");
  const outbox::Composed sent = mail();
  EXPECT_EQ(sent.recipient, "r1@example.net");
  const std::string token = token_in(sent);
  ASSERT_EQ(token.size(), 32U) << sent.message;
  EXPECT_EQ(count("SELECT COUNT(*) FROM confirmation WHERE token_digest = '" + token + "'"), 0);
  EXPECT_EQ(count("SELECT COUNT(*) FROM confirmation WHERE token_digest = '" +
                  to_hex(sha256(token)) + "'"),
            1);
  EXPECT_TRUE(*may_confirm(c_, keyring_, token, clock_.now()));
  EXPECT_EQ(state_of_reader("r1@example.net"), "asked") << "looking changes nothing";
  EXPECT_TRUE(confirm(token));
  const Subscriber reader = **SubscriberStore{c_, keyring_}.find("r1@example.net");
  EXPECT_EQ(name_of(reader.state), "confirmed");
  EXPECT_EQ(reader.consent_text, "the words");
  EXPECT_EQ(reader.consent_source, "page");
  EXPECT_EQ(reader.services, std::vector<std::string>{"haven dns"});
  EXPECT_FALSE(confirm(token)) << "once";
  EXPECT_FALSE(*may_confirm(c_, keyring_, token, clock_.now()));
}

TEST_P(SubscriberActedTest, TheMailThatAsksHoldsNoWordOfWhoeverAskedAndNothingToUnsubscribe) {
  ASSERT_TRUE(ask("r1@example.net"));
  const std::string message = mail().message;
  EXPECT_EQ(message.find("List-"), std::string::npos) << message;
  EXPECT_NE(message.find("Auto-Submitted: auto-generated"), std::string::npos);
  const std::size_t body = message.find("\r\n\r\n");
  EXPECT_EQ(message.find("r1", body), std::string::npos) << message;
}

TEST_P(SubscriberActedTest, TheSameMailIsMadeEachTime) {
  ASSERT_TRUE(ask("r1@example.net"));
  MailComposer composer{office_.stationery, office_.confirmation, keyring_, clock_};
  const auto row =
      outbox::OutboxStore{c_}.claim("w", 1, clock_.now(), clock_.now() + 1min)->front();
  const auto first = std::get<outbox::Composed>(*composer.compose(c_, row));
  clock_.time += 1h;
  EXPECT_EQ(std::get<outbox::Composed>(*composer.compose(c_, row)).message, first.message);
  ASSERT_TRUE(confirm(token_in(first)));
  EXPECT_EQ(**composer.still_wanted(c_, row, first), outbox::State::left) << "no longer wanted";
}

TEST_P(SubscriberActedTest, SEC_43_WhoIsKnownSuppressedOrNobodyIsNotMailed) {
  subscribe("known@example.net");
  suppress("never@example.net");
  for (const char* address : {"known@example.net", "never@example.net", "a b@example.net", "x@",
                              "=?utf-8?q?x?=@example.net", "r1@example.net\r\nBcc: x@example.net"})
    EXPECT_FALSE(ask(address)) << address;
  EXPECT_EQ(mails(), 0);
  EXPECT_EQ(state_of_reader("known@example.net"), "confirmed");
  EXPECT_EQ(state_of_reader("never@example.net"), "none");
  EXPECT_EQ(count("SELECT value FROM counter"), 6) << "each is one durable change";
}

TEST_P(SubscriberActedTest, SEC_44_AnAddressIsMailedOnceADayAndThreeTimesAMonth) {
  const UtcTime begin = clock_.time;
  int sent = 0;
  for (int hour = 0; hour < 30 * 24; ++hour) {
    clock_.time = begin + std::chrono::hours{hour};
    sent += ask("r1@example.net") ? 1 : 0;
    EXPECT_LE(sent, 1 + hour / 24);
  }
  EXPECT_EQ(sent, 3);
  EXPECT_EQ(mails(), 3);
  clock_.time = begin + std::chrono::hours{30 * 24 + 1};
  EXPECT_TRUE(ask("r1@example.net"));
}

TEST_P(SubscriberActedTest, SEC_44_AllTogetherHaveACeiling) {
  budget_.per_hour_in_all = 5;
  int sent = 0;
  for (int i = 0; i < 20; ++i) sent += ask("r" + std::to_string(i) + "@example.net") ? 1 : 0;
  EXPECT_EQ(sent, 5);
  EXPECT_EQ(count("SELECT COUNT(*) FROM subscriber"), 5) << "nor are rows piled up";
  clock_.time += 1h;
  EXPECT_TRUE(ask("r19@example.net"));
}

TEST_P(SubscriberActedTest, ALaterMailTakesTheEarlierOnesPlace) {
  ASSERT_TRUE(ask("r1@example.net", {"haven dns"}));
  const std::string first = token_in(mail());
  clock_.time += 25h;
  ASSERT_TRUE(ask("r1@example.net", {"sigil"}));
  ASSERT_TRUE(outbox::OutboxStore{c_}.recover(clock_.now(), /*all=*/true));
  EXPECT_FALSE(confirm(first));
  const std::string last = ConfirmationStore{c_, keyring_}.token_of(
      (*c_.query_one(store::Sql{"last", "SELECT id FROM confirmation WHERE spent = 0", "t"}))[0]
          .text());
  EXPECT_TRUE(confirm(last));
  EXPECT_EQ((**SubscriberStore{c_, keyring_}.find("r1@example.net")).services,
            std::vector<std::string>{"sigil"});
}

TEST_P(SubscriberActedTest, ALinkIsGoodForSevenDays) {
  ASSERT_TRUE(ask("r1@example.net"));
  const std::string token = token_in(mail());
  clock_.time += std::chrono::days{7} - 1s;
  EXPECT_TRUE(*may_confirm(c_, keyring_, token, clock_.now()));
  clock_.time += 1s;
  EXPECT_FALSE(confirm(token));
}

TEST_P(SubscriberActedTest, SEC_69_ALinkIsDeadOnceItsReaderLeft) {
  ASSERT_TRUE(ask("r1@example.net"));
  const std::string token = token_in(mail());
  leave("r1@example.net");
  EXPECT_FALSE(confirm(token));
  EXPECT_EQ(state_of_reader("r1@example.net"), "left");
}

TEST_P(SubscriberActedTest, SEC_45_ATokenIsGoodForItsPurposeOnly) {
  ASSERT_TRUE(ask("r1@example.net"));
  const std::string confirming = token_in(mail());
  subscribe("r2@example.net");
  const std::string id =
      from_hex((**SubscriberStore{c_, keyring_}.find("r2@example.net")).token_id);
  for (const Purpose purpose : {Purpose::case_id, Purpose::staff, Purpose::manage, Purpose::verp})
    EXPECT_FALSE(unsubscribe(keyring_.sign(purpose, id)));
  EXPECT_FALSE(unsubscribe(Keyring::from_secret("other").sign(Purpose::unsubscribe, id)));
  EXPECT_FALSE(unsubscribe(confirming));
  const std::string leaving = unsubscribe_token("r2@example.net");
  EXPECT_FALSE(confirm(leaving));
  for (const std::string& nothing : {std::string{}, std::string(32, '0'), std::string(4000, 'a')}) {
    EXPECT_FALSE(confirm(nothing));
    EXPECT_FALSE(unsubscribe(nothing));
  }
  EXPECT_EQ(state_of_reader("r1@example.net"), "asked");
  EXPECT_EQ(state_of_reader("r2@example.net"), "confirmed");
  EXPECT_TRUE(unsubscribe(leaving));
  EXPECT_EQ(state_of_reader("r2@example.net"), "left");
  EXPECT_TRUE(unsubscribe(leaving)) << "again is the same";
}

TEST_P(SubscriberActedTest, SEC_68_WhoLeavesWhileTheirMailIsInAWorkersHandsGetsNone) {
  subscribe("goes@example.net");
  subscribe("stays@example.net");
  settle();
  office_.hold = 0min;
  folder_.put("2026-11-20-dns.md", kPublishedText);
  ASSERT_TRUE(look());
  clock_.time += 1s;
  ASSERT_TRUE(clock_ticked(c_, clock_.now()));
  MailComposer composer{office_.stationery, office_.confirmation, keyring_, clock_};
  const auto rows = outbox::OutboxStore{c_}.claim("w", 20, clock_.now(), clock_.now() + 1min);
  int left = 0;
  for (const outbox::ClaimedMail& row : *rows) {
    if (row.kind != outbox::Kind::announcement) continue;
    const auto made = std::get<outbox::Composed>(*composer.compose(c_, row));
    EXPECT_FALSE(*composer.still_wanted(c_, row, made));
    if (made.recipient != "goes@example.net") continue;
    ASSERT_TRUE(unsubscribe(unsubscribe_token("goes@example.net")));
    EXPECT_EQ(**composer.still_wanted(c_, row, made), outbox::State::left);
    ++left;
  }
  EXPECT_EQ(left, 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, SubscriberActedTest, test::kBothStores, test::store_name);

}  // namespace
}  // namespace trust::notifier
