// Whatever a server does not do, a stream that is interrupted ends.
#include "lib/net/interrupt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "lib/base/signals.h"
#include "lib/net/http_fetch.h"
#include "tests/lib/net/mail_servers.h"

namespace trust::net {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;

const Script kLogin = smtp_that_offers("AUTH PLAIN") +
                      Script{hear("AUTH PLAIN"), say("334 \r\n"), hear(""), say("235 ok\r\n")};

enum class Wait { connect, receive, send, fetch };
struct Silence {
  const char* name;
  Wait wait;
  const char* scheme;
  Script script;
};
std::ostream& operator<<(std::ostream& out, const Silence& row) { return out << row.name; }

/// Waits as long as `patience` for what never comes; the error that ends it.
std::string wait_for_ever(const Silence& row, const ScriptedServer& server,
                          const Interrupt* interrupt, std::chrono::milliseconds patience,
                          const std::function<void()>& is_waiting) {
  if (row.wait == Wait::fetch) {
    const std::string url = server.url(row.scheme) + "/";
    is_waiting();
    return http_get(url, std::vector{url}, {.timeout = patience, .interrupt = interrupt})
        .error()
        .text();
  }
  Endpoint to = endpoint(server.url(row.scheme, kUser));
  to.interrupt = interrupt;
  to.timeout = row.wait == Wait::connect ? patience : 20s;
  if (row.wait == Wait::connect) {
    is_waiting();
    return CurlConnector{}.connect(to).error().text();
  }
  const auto stream = CurlConnector{}.connect(to);
  EXPECT_TRUE(stream);
  const auto deadline = steady_clock::now() + patience;
  is_waiting();
  return row.wait == Wait::receive
             ? (*stream)->receive(1, deadline).error().text()
             : (*stream)->send(std::string(64U << 20U, 'x'), deadline).error().text();
}

class InterruptTest : public testing::TestWithParam<Silence> {};
INSTANTIATE_TEST_SUITE_P(Silences, InterruptTest,
                         testing::ValuesIn(std::vector<Silence>{
                             {"NoBanner", Wait::connect, "smtp", {test::stall()}},
                             {"NoTlsHandshake", Wait::connect, "smtps", {test::stall()}},
                             {"NoAnswerToTheLogin", Wait::connect, "smtp",
                              smtp_that_offers("AUTH PLAIN") + Script{hear("AUTH"), test::stall()}},
                             {"NothingToReceive", Wait::receive, "smtp",
                              kLogin + Script{test::stall()}},
                             {"NobodyReads", Wait::send, "smtp", kLogin + Script{test::be_deaf()}},
                             {"NoPage", Wait::fetch, "http", {test::stall()}}}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST_P(InterruptTest, EndsTheWaitFromAnotherThread) {
  const ScriptedServer server{{GetParam().script}};
  Interrupt interrupt;
  std::promise<void> waits;
  auto ended = std::async(std::launch::async, [&] {
    return wait_for_ever(GetParam(), server, &interrupt, 1h, [&] { waits.set_value(); });
  });
  waits.get_future().wait();
  const StopSignal never;
  for (const auto end = steady_clock::now() + 20s;
       server.connections() == 0 && steady_clock::now() < end;)
    never.wait_for(5ms);
  interrupt.fire();
  ASSERT_EQ(ended.wait_for(30s), std::future_status::ready);
  EXPECT_THAT(ended.get(), HasSubstr("interrupted"));
}

TEST_P(InterruptTest, PositiveControlWithoutItTheWaitGoesOnToItsDeadline) {
  const ScriptedServer server{{GetParam().script}};
  Interrupt interrupt;
  interrupt.fire();
  const auto began = steady_clock::now();
  EXPECT_THAT(wait_for_ever(GetParam(), server, nullptr, 300ms, [] {}),
              testing::Not(HasSubstr("interrupted")));
  EXPECT_GE(steady_clock::now() - began, 290ms);
}

TEST(Interrupt, ResetLetsNewStreamsWork) {
  const ScriptedServer server{{kLogin + Script{hear("NOOP"), say("250 ok\r\n")}}};
  Interrupt interrupt;
  Endpoint to = endpoint(server.url("smtp", kUser));
  to.interrupt = &interrupt;
  interrupt.fire();
  interrupt.fire();
  EXPECT_FALSE(CurlConnector{}.connect(to));
  interrupt.reset();
  EXPECT_FALSE(interrupt.is_fired());
  const auto stream = CurlConnector{}.connect(to);
  ASSERT_TRUE(stream) << stream.error().text();
  const auto deadline = steady_clock::now() + 20s;
  ASSERT_TRUE((*stream)->send("NOOP\r\n", deadline));
  EXPECT_EQ(*(*stream)->receive(100, deadline), "250 ok\r\n");
}

}  // namespace
}  // namespace trust::net
