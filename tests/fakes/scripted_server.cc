#include "tests/fakes/scripted_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "lib/base/text.h"

namespace trust::test {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bound_socket(int& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (socket < 0 || ::bind(socket, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error{"no port on 127.0.0.1"};
  port = ntohs(address.sin_port);
  return socket;
}

bool write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

/// The receiving side of one connection: bytes are taken from `unheard` by the script's steps.
struct ScriptedServer::Line {
  ScriptedServer& server;
  std::size_t number;
  int socket;
  std::string unheard;

  /// False when the peer or the test is over.
  bool read_more() {
    pollfd both[2] = {{socket, POLLIN, 0}, {server.stop_pipe_[0], POLLIN, 0}};
    if (::poll(both, 2, -1) < 0 || both[1].revents != 0) return false;
    char buffer[65536];
    const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    unheard.append(buffer, static_cast<std::size_t>(got));
    const std::scoped_lock lock{server.mutex_};
    server.received_[number].append(buffer, static_cast<std::size_t>(got));
    server.changed_.notify_all();
    return true;
  }

  /// Up to and with `end`; "" if it never comes.
  std::string take_until(const std::string& end) {
    std::size_t from = 0;
    for (;;) {
      if (const std::size_t at = unheard.find(end, from); at != std::string::npos) {
        std::string taken = unheard.substr(0, at + end.size());
        unheard.erase(0, taken.size());
        return taken;
      }
      from = unheard.size() < end.size() ? 0 : unheard.size() - end.size();
      if (!read_more()) return "";
    }
  }
};

ScriptedServer::ScriptedServer(std::vector<Script> scripts) : scripts_{std::move(scripts)} {
  listener_ = bound_socket(port_);
  if (::listen(listener_, 64) != 0 || ::pipe2(stop_pipe_, O_CLOEXEC) != 0)
    throw std::runtime_error{"cannot listen on 127.0.0.1"};
  acceptor_ = std::thread{[this] { accept_all(); }};
}

ScriptedServer::~ScriptedServer() {
  ::close(stop_pipe_[1]);  // every thread's poll(2) sees it
  acceptor_.join();
  for (std::thread& player : players_) player.join();
  ::close(listener_);
  ::close(stop_pipe_[0]);
}

void ScriptedServer::accept_all() {
  for (;;) {
    pollfd both[2] = {{listener_, POLLIN, 0}, {stop_pipe_[0], POLLIN, 0}};
    if (::poll(both, 2, -1) < 0 || both[1].revents != 0) return;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::scoped_lock lock{mutex_};
    const std::size_t number = received_.size();
    received_.emplace_back();
    over_.push_back(false);
    players_.emplace_back([this, number, socket] {
      play(number, socket, scripts_[std::min(number, scripts_.size() - 1)]);
      const std::scoped_lock ending{mutex_};
      over_[number] = true;
      changed_.notify_all();
    });
  }
}

void ScriptedServer::play(std::size_t number, int socket, const Script& script) {
  Line line{*this, number, socket, ""};
  for (const Step& step : script) {
    bool goes_on = true;
    switch (step.kind) {
      case Step::Kind::hear:
        goes_on = starts_with_ignoring_case(line.take_until("\n"), step.text);
        break;
      case Step::Kind::hear_until: goes_on = !line.take_until(step.text).empty(); break;
      case Step::Kind::say: goes_on = write_all(socket, step.text); break;
      case Step::Kind::say_bytewise:
        for (const char c : step.text) goes_on = goes_on && write_all(socket, {&c, 1});
        break;
      case Step::Kind::drop: goes_on = false; break;
      case Step::Kind::reset: {
        const linger at_once{1, 0};
        ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        goes_on = false;
        break;
      }
      case Step::Kind::stall:
        while (line.read_more()) {
        }
        goes_on = false;
        break;
      case Step::Kind::be_deaf: {
        pollfd both[2] = {{socket, POLLRDHUP, 0}, {stop_pipe_[0], POLLIN, 0}};
        ::poll(both, 2, -1);
        goes_on = false;
        break;
      }
    }
    if (!goes_on) break;
  }
  ::close(socket);
}

std::string ScriptedServer::url(const std::string& scheme, const std::string& user) const {
  return scheme + "://" + (user.empty() ? "" : user + "@") + "127.0.0.1:" + std::to_string(port_);
}

std::size_t ScriptedServer::connections() const {
  const std::scoped_lock lock{mutex_};
  return received_.size();
}

std::string ScriptedServer::received(std::size_t number) const {
  const std::scoped_lock lock{mutex_};
  return number < received_.size() ? received_[number] : "";
}

std::string ScriptedServer::received() const {
  const std::scoped_lock lock{mutex_};
  std::string all;
  for (const std::string& one : received_) all += one;
  return all;
}

bool ScriptedServer::wait_until_over(std::size_t number) const {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, std::chrono::seconds{10},
                           [&] { return number < over_.size() && over_[number]; });
}

int closed_port() {
  int port = 0;
  ::close(bound_socket(port));
  return port;
}

}  // namespace trust::test
