#include "lib/smtp/smtp_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/log.h"
#include "lib/net/curl_stream.h"
#include "tests/fakes/script_stream.h"
#include "tests/fakes/scripted_server.h"

namespace trust::smtp {
namespace {

using namespace std::chrono_literals;
using mail::Outcome;
using test::hear;
using test::hear_until;
using test::say;
using test::Script;
using test::ScriptedServer;
using test::Step;
using testing::HasSubstr;

const bool kQuiet = (set_log_output(LogTo::nowhere), true);

enum class Stage { banner, ehlo, auth, ehlo_anew, mail, rcpt, data, body, dot };
constexpr std::string_view kBodyBegins = "Subject: fault";

/// What a good relay says at a stage, after it has heard what belongs there.
struct Part {
  Stage stage;
  Script hears;
  std::string says;
};
std::vector<Part> good_relay() {
  return {
      {Stage::banner, {}, "220 relay.example.org ESMTP\r\n"},
      {Stage::ehlo, {hear("EHLO desk.example.org")}, "250-relay\r\n250 AUTH PLAIN LOGIN\r\n"},
      {Stage::auth, {hear("AUTH PLAIN"), say("334 \r\n"), hear("")}, "235 2.7.0 welcome\r\n"},
      {Stage::ehlo_anew, {hear("EHLO desk.example.org")}, "250-relay\r\n250 SIZE 100000000\r\n"},
      {Stage::mail, {hear("MAIL FROM:<desk@example.org> SIZE=")}, "250 2.1.0 ok\r\n"},
      {Stage::rcpt, {hear("RCPT TO:<reader@example.com>")}, "250 2.1.5 ok\r\n"},
      {Stage::data, {hear("DATA")}, "354 go on\r\n"},
      {Stage::body, {hear_until(std::string{kBodyBegins})}, ""},
      {Stage::dot, {hear_until("\r\n.\r\n")}, "250 2.0.0 queued\r\n"}};
}

/// A relay that is good until `stage` and then does `instead` of answering. Several mails may
/// follow each other on the connection.
Script relay(Stage stage, const Script& instead, bool goes_on = false) {
  Script script;
  for (const Part& part : good_relay()) {
    script.insert(script.end(), part.hears.begin(), part.hears.end());
    if (part.stage == stage) {
      script.insert(script.end(), instead.begin(), instead.end());
      if (!goes_on) return script;
    } else if (!part.says.empty()) {
      script.push_back(say(part.says));
    }
  }
  script.push_back(hear("QUIT"));
  return script;
}
Script good_session(int mails = 1) {
  Script script;
  for (int n = 0; n < mails; ++n)
    for (const Part& part : good_relay()) {
      if (n > 0 && part.stage < Stage::mail) continue;
      script.insert(script.end(), part.hears.begin(), part.hears.end());
      if (!part.says.empty()) script.push_back(say(part.says));
    }
  script.push_back(hear("QUIT"));
  return script;
}

net::Endpoint endpoint_of(const ScriptedServer& server, std::chrono::milliseconds timeout = 20s) {
  return {.url = server.url("smtp", "desk%40example.org"),
          .password = "correct horse",
          .ehlo_name = "desk.example.org",
          .timeout = timeout};
}

/// Larger than what the kernel buffers for a peer that does not read, so that what the relay does
/// during the body is seen before its end.
const std::string& message() {
  static const std::string made = [] {
    std::string text = std::string{kBodyBegins} + "\r\n\r\n";
    while (text.size() < 16U << 20U) text += std::string(70, 'x') + "\r\n.a line with a dot\r\n";
    return text;
  }();
  return made;
}
const std::string kSmall = std::string{kBodyBegins} + "\r\n\r\nhello\r\n";

struct FaultRow {
  const char* name;
  Stage stage;
  Script instead;
  Outcome outcome;
  int code = 0;
  Fault fault = Fault::unavailable;
  bool waits = false;    ///< the relay is silent: our patience has to end
  bool goes_on = false;  ///< the relay answers well after the fault
};

std::ostream& operator<<(std::ostream& out, const FaultRow& row) { return out << row.name; }

std::string huge(const std::string& code) {
  std::string reply;
  while (reply.size() < 6U << 20U) reply += code + "-" + std::string(500, 'x') + "\r\n";
  return reply + code + " end\r\n";
}

std::vector<FaultRow> faults() {
  std::vector<FaultRow> rows;
  struct Name {
    Stage stage;
    const char* name;
  };
  // Before the end of the mail nothing is ever uncertain, and every break is the relay's.
  for (const Name& at : {Name{Stage::banner, "Banner"},
                         {Stage::ehlo, "Ehlo"},
                         {Stage::auth, "Auth"},
                         {Stage::ehlo_anew, "EhloAnew"},
                         {Stage::mail, "Mail"},
                         {Stage::rcpt, "Rcpt"},
                         {Stage::data, "Data"},
                         {Stage::body, "Body"},
                         {Stage::dot, "Dot"}}) {
    const bool after = at.stage == Stage::dot;
    const bool counts = at.stage >= Stage::mail;  // a 4xx or 5xx is about this mail
    const Outcome broken = after ? Outcome::uncertain : Outcome::relay;
    static std::vector<std::string> names;
    names.reserve(200);
    const auto add = [&](const char* what, Script instead, Outcome outcome,
                         int code = 0) -> FaultRow& {
      names.push_back(std::string{at.name} + what);
      rows.push_back({names.back().c_str(), at.stage, std::move(instead), outcome, code});
      return rows.back();
    };
    // Closing with bytes unread resets the connection, and what was said may be lost.
    const Step after_words = at.stage == Stage::body ? test::stall() : test::drop();
    add("Drops", {test::drop()}, broken);
    add("Resets", {test::reset()}, broken);
    add("Stalls", {at.stage == Stage::body ? test::be_deaf() : test::stall()}, broken).waits = true;
    add("SaysGarbage", {say("!?\xFF\x01 what\r\n"), test::drop()}, broken);
    add("SaysHalfAReply", {say("25"), test::drop()}, broken);
    add("Says421", {say("421 4.3.2 closing\r\n"), after_words}, Outcome::relay, counts ? 421 : 0);
    const auto refusal = [&](const char* words) -> Script {
      if (!counts) return {say(words), test::drop()};
      if (at.stage == Stage::body) return {say(words), test::stall()};
      return {say(words), hear("RSET"), say("250 ok\r\n"), hear("QUIT")};
    };
    add("Says4xx", refusal("450 4.2.0 later\r\n"), counts ? Outcome::deferred : Outcome::relay,
        counts ? 450 : 0);
    add("Says5xx", refusal("554 5.7.1 never\r\n"), counts ? Outcome::failed : Outcome::relay,
        counts ? 554 : 0)
        .fault = at.stage == Stage::auth ? Fault::denied : Fault::unavailable;
    if (at.stage == Stage::ehlo_anew || at.stage >= Stage::mail)
      add("SaysSixMegabytes", {say(huge(after ? "250" : "550")), test::drop()}, broken).waits =
          at.stage == Stage::body;  // neither side reads while both write
    if (counts)
      add("Says3xxOutOfPlace",
          {say(at.stage == Stage::data ? "399 hm\r\n" : "354 go on\r\n"), after_words}, broken,
          after || at.stage >= Stage::mail ? (at.stage == Stage::data ? 399 : 354) : 0);
    if (at.stage != Stage::body) {
      for (const Part& part : good_relay())
        if (part.stage == at.stage)
          add("SaysItByteByByte", {test::say_bytewise(part.says)}, Outcome::accepted, 250).goes_on =
              true;
    }
  }
  rows.push_back({"DotAnsweredThenReset",
                  Stage::dot,
                  {say("250 2.0.0 queued\r\n"), test::reset()},
                  Outcome::accepted,
                  250});
  rows.push_back({"DotAnsweredThen421",
                  Stage::dot,
                  {say("250 ok\r\n421 bye\r\n"), test::drop()},
                  Outcome::accepted,
                  250});
  rows.push_back({"DotAnsweredByAMegabyte",
                  Stage::dot,
                  {say(huge("250").substr(0, 506 * 2000) + "250 end\r\n"), test::drop()},
                  Outcome::accepted,
                  250});
  rows.push_back({"RcptAsksForALogin",
                  Stage::rcpt,
                  {say("530 5.7.0 log in\r\n"), test::drop()},
                  Outcome::relay,
                  530});
  return rows;
}

class SmtpFaults : public testing::TestWithParam<FaultRow> {};
INSTANTIATE_TEST_SUITE_P(Table, SmtpFaults, testing::ValuesIn(faults()),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST_P(SmtpFaults, GiveTheOutcomeThatIsTrue) {
  const FaultRow& row = GetParam();
  ScriptedServer server{{relay(row.stage, row.instead, row.goes_on)}};
  net::CurlConnector connector;
  // Patience is short only where it must end, so that a slow machine changes nothing.
  const bool waits_for_answer = row.waits && row.stage == Stage::dot;
  const auto patience = row.waits && !waits_for_answer ? 400ms : 20'000ms;
  SmtpTransport transport{
      connector,
      endpoint_of(server, patience * 2),
      {.reply = patience, .dot = waits_for_answer ? 400ms : 20'000ms, .idle = 20s}};
  int marked = 0;
  const mail::SendResult result =
      transport.send({"desk@example.org", "reader@example.com"},
                     row.stage == Stage::body ? message() : kSmall, [&] {
                       ++marked;
                       return ok();
                     });
  EXPECT_EQ(result.outcome, row.outcome);
  EXPECT_EQ(result.code, row.code);
  if (row.outcome == Outcome::relay) {
    EXPECT_EQ(result.fault, row.fault);
  }
  EXPECT_EQ(marked, row.stage == Stage::dot || row.goes_on ? 1 : 0);
  transport.close();
  // A relay that does not read does not see us go either.
  const bool deaf = !row.instead.empty() && row.instead[0].kind == Step::Kind::be_deaf;
  ASSERT_TRUE(deaf || server.wait_until_over(0));
  EXPECT_EQ(server.connections(), 1U);
  // The end of the mail left if and only if it was marked.
  EXPECT_EQ(server.received(0).find("\r\n.\r\n") != std::string::npos, marked == 1);
}

TEST(SmtpTransport, KeepsItsConnectionAndQuits) {
  ScriptedServer server{{good_session(3)}};
  net::CurlConnector connector;
  SmtpTransport transport{connector, endpoint_of(server)};
  for (int n = 0; n < 3; ++n)
    EXPECT_EQ(
        transport.send({"desk@example.org", "reader@example.com"}, kSmall, [] { return ok(); })
            .outcome,
        Outcome::accepted);
  transport.close();
  ASSERT_TRUE(server.wait_until_over(0));
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_THAT(server.received(0), testing::EndsWith("QUIT\r\n"));
}

TEST(SmtpTransport, AConnectionThatDiedMeanwhileIsReplaced) {
  for (const Script& end : {Script{test::drop()}, Script{test::reset()},
                            Script{say("421 4.4.2 too long\r\n"), test::drop()},
                            Script{hear("MAIL"), say("421 4.4.2 too long\r\n"), test::drop()},
                            Script{hear("MAIL"), test::reset()}}) {
    Script first = good_session(1);
    first.pop_back();
    first.insert(first.end(), end.begin(), end.end());
    ScriptedServer server{{first, good_session(1)}};
    net::CurlConnector connector;
    SmtpTransport transport{connector, endpoint_of(server)};
    for (int n = 0; n < 2; ++n)
      EXPECT_EQ(
          transport.send({"desk@example.org", "reader@example.com"}, kSmall, [] { return ok(); })
              .outcome,
          Outcome::accepted);
    EXPECT_EQ(server.connections(), 2U);
  }
}

TEST(SmtpTransport, ARestedConnectionIsNotTrusted) {
  ScriptedServer server{{good_session(1), good_session(1)}};
  net::CurlConnector connector;
  SmtpTransport transport{connector, endpoint_of(server), {.idle = 0ms}};
  for (int n = 0; n < 2; ++n)
    EXPECT_EQ(
        transport.send({"desk@example.org", "reader@example.com"}, kSmall, [] { return ok(); })
            .outcome,
        Outcome::accepted);
  EXPECT_EQ(server.connections(), 2U);
}

TEST(SmtpTransport, ARelayThatAlwaysHangsUpIsTriedOnceNotForEver) {
  ScriptedServer server{{relay(Stage::mail, {test::drop()})}};
  net::CurlConnector connector;
  SmtpTransport transport{connector, endpoint_of(server)};
  EXPECT_EQ(transport.send({"desk@example.org", "reader@example.com"}, kSmall, [] { return ok(); })
                .outcome,
            Outcome::relay);
  EXPECT_EQ(server.connections(), 1U);
}

TEST(SmtpTransport, NothingListensIsTheRelaysTrouble) {
  net::CurlConnector connector;
  SmtpTransport transport{
      connector, net::Endpoint{.url = "smtp://127.0.0.1:" + std::to_string(test::closed_port())}};
  const mail::SendResult result =
      transport.send({"desk@example.org", "reader@example.com"}, kSmall, [] { return ok(); });
  EXPECT_EQ(result.outcome, Outcome::relay);
  EXPECT_EQ(result.fault, Fault::unavailable);
}

TEST(SmtpTransport, TheSecretIsReadAnewAtEachConnect) {
  test::ScriptConnector connector;
  int reads = 0;
  SmtpTransport transport{connector, [&]() -> Result<net::Endpoint> {
                            return net::Endpoint{.url = "smtps://x@relay.example.org",
                                                 .password = "secret" + std::to_string(++reads)};
                          }};
  EXPECT_FALSE(transport.check());
  EXPECT_FALSE(transport.check());
  ASSERT_EQ(connector.endpoints.size(), 2U);
  EXPECT_EQ(connector.endpoints[1].password, "secret2");
}

TEST(SmtpTransport, AMissingSecretIsTheRelaysTrouble) {
  test::ScriptConnector connector;
  SmtpTransport transport{connector, []() -> Result<net::Endpoint> {
                            return Error{Fault::denied, "password_file is not readable"};
                          }};
  const mail::SendResult result =
      transport.send({"desk@example.org", "reader@example.com"}, kSmall, [] { return ok(); });
  EXPECT_EQ(result.outcome, Outcome::relay);
  EXPECT_EQ(result.fault, Fault::denied);
  EXPECT_TRUE(connector.endpoints.empty());
}

// SEC-14, SEC-18, SEC-20: an address that is more than an address never reaches the wire.
TEST(SmtpTransport, Sec14EnvelopeAddressesCannotCarryCommands) {
  for (const std::string& bad :
       {std::string{"a@example.org>\r\nRCPT TO:<x@example.net"},
        std::string{"a@example.org\r\nDATA"}, std::string{"a\n@example.org"},
        std::string{"a\r@example.org"}, std::string("a\0@example.org", 14),
        std::string{"a@example.org> SIZE=1"}, std::string{"a b@example.org"},
        std::string{"<a@example.org>"}, std::string{"caf\xC3\xA9@example.org"},
        std::string{"a\xC2\x85@example.org"}, std::string{"a\xE2\x80\xA8@example.org"},
        std::string{"\"a\"@example.org"}, std::string{"example.org"}, std::string{}}) {
    test::ScriptConnector connector;
    SmtpTransport transport{connector, net::Endpoint{}};
    const auto no_mark = [] {
      ADD_FAILURE() << "asked for the mark";
      return ok();
    };
    mail::SendResult result = transport.send({"desk@example.org", bad}, kSmall, no_mark);
    EXPECT_EQ(result.outcome, Outcome::failed) << bad;
    EXPECT_EQ(result.status, "5.1.3");
    if (!bad.empty()) {
      result = transport.send({bad, "reader@example.com"}, kSmall, no_mark);
      EXPECT_EQ(result.outcome, Outcome::failed) << bad;
      EXPECT_EQ(result.status, "5.1.7");
    }
    EXPECT_TRUE(connector.endpoints.empty());
  }
}

TEST(SmtpTransport, CheckSaysWhatIsWrong) {
  ScriptedServer server{{relay(Stage::auth, {say("535 5.7.8 no\r\n"), test::stall()})}};
  net::CurlConnector connector;
  SmtpTransport transport{connector, endpoint_of(server)};
  const Status checked = transport.check();
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().fault(), Fault::denied);
  EXPECT_THAT(checked.error().text(), HasSubstr("the login was refused"));
}

}  // namespace
}  // namespace trust::smtp
