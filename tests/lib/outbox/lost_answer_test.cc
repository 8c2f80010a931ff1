// A claim that was committed and whose answer never came.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "tests/lib/outbox/worker_fixture.h"

namespace trust::outbox {
namespace {

/// Between us and PostgreSQL: passes everything on, but ends the connection of the first claim when
/// the server has answered it.
class AnswerEater {
 public:
  explicit AnswerEater(int server_port) : server_port_{server_port} {
    sockaddr_in any = loopback(0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    socklen_t length = sizeof any;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&any), &length);
    port = ntohs(any.sin_port);
    acceptor_ = std::thread{[this] {
      for (int client; (client = ::accept(listener_, nullptr, nullptr)) >= 0;)
        pipes_.emplace_back([this, client] { pass(client); });
    }};
  }
  ~AnswerEater() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& pipe : pipes_) pipe.join();
    ::close(listener_);
  }
  int port = 0;
  std::atomic<int> eaten = 0;

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static std::string take(int from) {
    char bytes[65536];
    const ssize_t got = ::recv(from, bytes, sizeof bytes, 0);
    return {bytes, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  static bool give(int to, const std::string& bytes) {
    return !bytes.empty() && ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                                 static_cast<ssize_t>(bytes.size());
  }
  void pass(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(server_port_);
    EXPECT_EQ(::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    bool prepared = false, claims = false;
    for (bool open = true; open;) {
      pollfd ends[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
      ::poll(ends, 2, -1);
      if (ends[0].revents != 0) {
        const std::string said = take(client);
        prepared = prepared || said.find("SET state = 'claimed'") != std::string::npos;
        claims = prepared && said.starts_with('B');  // Bind, then Execute
        open = give(server, said);
      } else if (const std::string answer = take(server); claims && eaten.exchange(1) == 0) {
        open = false;
      } else {
        open = give(client, answer);
      }
    }
    ::close(server);
    ::close(client);
  }

  const int server_port_;
  const int listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  std::thread acceptor_;
  std::vector<std::thread> pipes_;
};

class LostAnswerTest : public WorkerTest {
 protected:
  /// The store's URL with another port.
  std::string url_by(int port) const {
    const std::string& url = store_.url();
    return url.substr(0, colon() + 1) + std::to_string(port) + url.substr(url.find('/', colon())) +
           "?sslmode=disable";
  }
  int server_port() const { return std::stoi(store_.url().substr(colon() + 1)); }
  std::size_t colon() const { return store_.url().rfind(':'); }
};

TEST_P(LostAnswerTest, RowsClaimedUnawaresGoBackAtOnceAndNotWhenTheirLeaseEnds) {
  for (int i = 0; i < 3; ++i) queue("r" + std::to_string(i) + "@example.org");
  AnswerEater eater{server_port()};
  {
    store::Connection claiming = *store::Database::at(url_by(eater.port))->connect();
    EXPECT_FALSE(OutboxStore{claiming}.claim("us", 3, clock_.now(), clock_.now() + 1h));
    EXPECT_EQ(count("claimed"), 3) << "positive control: the store has them, and nobody knows";
    ASSERT_TRUE(rows_.give_back("us", clock_.now()));
  }
  eater.eaten = 0;
  Worker w{{.lease = 1h},
           *store::Database::at(url_by(eater.port)),
           [this] { return std::make_unique<FakeRelay::Line>(relay_); },
           {},
           clock_,
           stop_};
  ASSERT_TRUE(w.start());
  EXPECT_TRUE(wait_for([&] { return count("accepted") == 3; }));
  w.stop();
  EXPECT_EQ(eater.eaten, 1);
  EXPECT_EQ(relay_.accepted.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Stores, LostAnswerTest, testing::Values("PostgreSQL"), test::store_name);

}  // namespace
}  // namespace trust::outbox
