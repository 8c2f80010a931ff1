#include "lib/web/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <random>

#include "lib/base/file.h"

namespace trust::web {
namespace {

using namespace std::chrono_literals;

Fd dial(int port) {
  Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const timeval patience{20, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  return fd;
}
void say(const Fd& fd, std::string_view bytes) {
  static_cast<void>(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}
/// Everything up to the end of the connection.
std::string hear(const Fd& fd) {
  std::string heard;
  char chunk[4096];
  for (ssize_t got = 0; (got = ::recv(fd.get(), chunk, sizeof chunk, 0)) > 0;)
    heard.append(chunk, static_cast<std::size_t>(got));
  return heard;
}

class ServerTest : public testing::Test {
 protected:
  void serve(Limits limits) {
    server_ = std::make_unique<Server>(
        Router{{{"/page", [](const Request& r) { return plain(200, "read " + r.query); },
                 [](const Request& r) { return plain(200, "got " + r.body); }},
                {"/long", [](const Request&) { return plain(200, std::string(3'000'000, 'x')); }}}},
        limits);
    ASSERT_TRUE(server_->start("127.0.0.1", 0));
  }
  std::string ask(std::string_view bytes) {
    const Fd fd = dial(server_->port());
    say(fd, bytes);
    return hear(fd);
  }
  std::string get() { return ask("GET /page?a=1 HTTP/1.1\r\nHost: any\r\n\r\n"); }
  static std::string status_of(const std::string& answer) {
    return answer.size() < 12 ? "" : answer.substr(9, 3);
  }

  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersWithTheFieldsOfEveryPage) {
  serve({});
  const std::string answer = get();
  EXPECT_EQ(status_of(answer), "200");
  EXPECT_TRUE(answer.ends_with("\r\n\r\nread a=1\n"));
  for (const char* field :
       {"Content-Security-Policy: default-src 'none'; ", "Strict-Transport-Security: max-age=",
        "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
        "Cross-Origin-Opener-Policy: same-origin", "Cross-Origin-Resource-Policy: same-origin",
        "Cache-Control: no-store", "Connection: Close"})
    EXPECT_NE(answer.find(field), std::string::npos) << field << '\n' << answer;
}

TEST_F(ServerTest, HeadIsGetWithoutItsBody) {
  serve({});
  const std::string answer = ask("HEAD /page HTTP/1.1\r\nHost: any\r\n\r\n");
  EXPECT_EQ(status_of(answer), "200");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_NE(answer.find("Content-Length: 6"), std::string::npos) << answer;
}

TEST_F(ServerTest, SEC_54_WhatIsTooLongIsRefusedBeforeItIsRead) {
  serve({});
  const std::string head = "POST /page HTTP/1.1\r\nHost: any\r\n";
  const struct {
    const char* what;
    std::string sent, status;
  } rows[] = {
      {"the longest body", head + "Content-Length: 16384\r\n\r\n" + std::string(16384, 'b'), "200"},
      {"a longer body", head + "Content-Length: 16385\r\n\r\n", "413"},
      {"an endless length", head + "Content-Length: 99999999999999999999999999\r\n\r\n", "413"},
      {"a negative length", head + "Content-Length: -1\r\n\r\n", "400"},
      {"no number", head + "Content-Length: 1x\r\n\r\nx", "400"},
      {"two lengths", head + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400"},
      {"chunks", head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "411"},
      {"a large head", head + "X: " + std::string(8000, 'h') + "\r\n\r\n", "200"},
      {"a larger head", head + "X: " + std::string(9000, 'h') + "\r\n\r\n", "431"},
      {"a head without an end", head + std::string(9000, 'h'), "431"},
      {"a long line", "GET /page?" + std::string(5000, 'q') + " HTTP/1.1\r\n\r\n", "414"},
      {"a line without an end", std::string(5000, 'G'), "414"},
      {"a version of theirs", "GET /page canary\r\n\r\n", "400"},
      {"a version of theirs before ours", "GET /page canary HTTP/1.1\r\n\r\n", "400"},
      {"a line in the line", "GET /page\ncanary HTTP/1.1\r\n\r\n", "400"},
      {"a NUL", "GET /page HTTP/1.1\r\nX: " + std::string(1, '\0') + "\r\n\r\n", "400"},
  };
  for (const auto& row : rows) EXPECT_EQ(status_of(ask(row.sent)), row.status) << row.what;
}

TEST_F(ServerTest, SEC_54_WithoutALimitTheSameIsTaken) {
  serve({.line_bytes = 100'000, .head_bytes = 100'000, .body_bytes = 100'000});
  EXPECT_EQ(status_of(ask("POST /page HTTP/1.1\r\nHost: any\r\nContent-Length: 16385\r\n\r\n" +
                          std::string(16385, 'b'))),
            "200");
}

TEST_F(ServerTest, SEC_54_SlowSendersHoldNothingThatOthersNeed) {
  serve({.threads = 2});
  std::vector<Fd> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(dial(server_->port()));
    say(slow.back(), i % 3 == 0   ? "GET /pa"
                     : i % 3 == 1 ? "POST /page HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"
                                  : "");
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(status_of(get()), "200");
    for (const Fd& fd : slow) say(fd, "x");  // some end, and are answered
  }
}

TEST_F(ServerTest, SEC_54_AFullRoomDropsWhoWaitedLongest) {
  serve({.waiting = 10});
  std::vector<Fd> slow;
  for (int i = 0; i < 30; ++i) slow.push_back(dial(server_->port()));
  EXPECT_EQ(status_of(get()), "200");
  EXPECT_EQ(hear(slow.front()), "") << "the first one's place was given away";
}

TEST_F(ServerTest, SEC_54_ATrickleEndsWithItsTimeHoweverItKeepsComing) {
  serve({.arrival = 600ms});
  const Fd fd = dial(server_->port());
  std::promise<void> heard;
  auto trickle = std::async(std::launch::async, [&, end = heard.get_future()] {
    while (end.wait_for(20ms) != std::future_status::ready) say(fd, "x");
  });
  EXPECT_EQ(status_of(hear(fd)), "408");
  heard.set_value();
}

TEST_F(ServerTest, OneWhoDoesNotReadHoldsOneThreadAtMost) {
  serve({.threads = 4});
  const Fd deaf = dial(server_->port());
  say(deaf, "GET /long HTTP/1.1\r\nHost: any\r\n\r\n");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status_of(get()), "200");
}

TEST_F(ServerTest, APortInUseIsASentence) {
  serve({});
  Server second{Router{{}}, {}};
  const Status started = second.start("127.0.0.1", server_->port());
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().fault(), Fault::denied);
}

TEST_F(ServerTest, SEC_60_AnyBytesLeaveTheServerAnswering) {
  serve({.arrival = 300ms});
  std::mt19937 random{60};
  const std::string pieces[] = {"GET ",
                                "POST ",
                                "/page",
                                " HTTP/1.1",
                                "\r\n",
                                "\n",
                                "\r",
                                "Host: x",
                                "Content-Length: ",
                                "5",
                                "Cookie: a=b; c",
                                "Content-Type: multipart/form-data; boundary=",
                                "Transfer-Encoding: chunked",
                                ":",
                                " ",
                                "\t",
                                "%00",
                                std::string(1, '\0'),
                                "\xff\xfe",
                                "?",
                                "=",
                                "&",
                                "Expect: 100-continue",
                                "Connection: keep-alive, upgrade",
                                std::string(300, 'a'),
                                "-1",
                                "HTTP/9.9",
                                "\r\n\r\n"};
  int answered = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string sent = random() % 2 == 0 ? "POST /page HTTP/1.1\r\n" : "";
    for (auto n = random() % 12; n > 0; --n) sent += pieces[random() % std::size(pieces)];
    const Fd fd = dial(server_->port());
    say(fd, sent);
    ::shutdown(fd.get(), SHUT_WR);
    const std::string heard = hear(fd);
    if (!heard.empty()) {
      ++answered;
      ASSERT_TRUE(heard.starts_with("HTTP/1.1 ") || heard.starts_with("HTTP/1.0 ")) << heard;
    }
  }
  EXPECT_GT(answered, 100);
  EXPECT_EQ(status_of(get()), "200");
}

}  // namespace
}  // namespace trust::web
