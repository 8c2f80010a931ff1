#include "lib/web/server.h"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <Poco/ThreadPool.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <list>
#include <optional>

#include "lib/base/ascii.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/web/guard.h"

namespace trust::web {

namespace {

namespace net = Poco::Net;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLinger{2000};  ///< how long a refused sender may go on talking
constexpr milliseconds kWriting{10'000};

/// Whether a request is there as a whole: 0 = not yet, 200 = yes, else the status to refuse with.
int arrival_of(std::string_view bytes, const Limits& limits) {
  const std::size_t line_end = bytes.find("\r\n");
  if (std::min(line_end, bytes.size()) > limits.line_bytes) return 414;
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (std::min(head_end, bytes.size()) > limits.head_bytes) return 431;
  if (head_end == std::string_view::npos) return 0;
  const std::string_view head = bytes.substr(0, head_end);
  // Poco takes other lines too, and puts what stands for the version into its answer.
  const auto words = split(head.substr(0, line_end), ' ');
  if (words.size() != 3 || (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") ||
      std::any_of(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(line_end), is_control))
    return 400;
  if (std::any_of(head.begin(), head.end(), [](char c) { return c == '\0' || c == '\x7f'; }))
    return 400;
  std::optional<std::size_t> length;
  for (const std::string_view line : lines_of(head.substr(std::min(line_end + 2, head.size())))) {
    const std::size_t colon = line.find(':');
    const std::string_view name = trim(line.substr(0, colon));
    if (equals_ignoring_case(name, "transfer-encoding")) return 411;
    if (!equals_ignoring_case(name, "content-length")) continue;
    const std::string_view value = trim(line.substr(std::min(colon, line.size() - 1) + 1));
    if (length || value.empty() || !all_of(value, is_digit)) return 400;
    length = number_of<std::size_t>(value).value_or(limits.body_bytes + 1);
  }
  if (length.value_or(0) > limits.body_bytes) return 413;
  return bytes.size() >= head_end + 4 + length.value_or(0) ? 200 : 0;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 408: return "too_slow";
    case 411: return "no_length";
    case 413: return "long_body";
    case 414: return "long_line";
    case 431: return "long_head";
    default: return "malformed";
  }
}

/// A connection whose request has arrived: reading gives what was read before, and then the end.
class Arrived final : public net::StreamSocketImpl {
 public:
  Arrived(int fd, std::string bytes) : StreamSocketImpl{fd}, bytes_{std::move(bytes)} {}

  int receiveBytes(void* buffer, int length, int) override {
    const std::size_t count =
        bytes_.copy(static_cast<char*>(buffer), static_cast<std::size_t>(std::max(length, 0)), at_);
    at_ += count;
    return static_cast<int>(count);
  }
  int sendBytes(const void* buffer, int length, int flags) override {
    if (steady_clock::now() > end_) throw Poco::TimeoutException{};
    return StreamSocketImpl::sendBytes(buffer, length, flags);
  }
  bool poll(const Poco::Timespan&, int) override { return true; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  steady_clock::time_point end_ = steady_clock::now() + kWriting;
};

/// The listening socket as Poco's accepting thread sees it: a connection is there once its request
/// is. One thread gathers them all.
class Room final : public net::ServerSocketImpl {
 public:
  explicit Room(const Limits& limits) : limits_{limits} {}

  bool poll(const Poco::Timespan& timeout, int) override {
    if (ready_.empty()) gather(milliseconds{timeout.totalMilliseconds()});
    return !ready_.empty();
  }
  net::SocketImpl* acceptConnection(net::SocketAddress&) override {
    if (ready_.empty()) throw net::NetException{};
    Sender sender = std::move(ready_.front());
    ready_.pop_front();
    auto* const arrived = new Arrived{sender.fd.release(), std::move(sender.bytes)};
    arrived->setBlocking(true);
    arrived->setSendTimeout(Poco::Timespan{5, 0});
    return arrived;
  }

 private:
  struct Sender {
    Fd fd;
    std::string bytes;
    steady_clock::time_point end;
    bool refused = false;
  };

  void gather(milliseconds span) {
    std::vector<pollfd> polled{{sockfd(), POLLIN, 0}};
    for (const Sender& sender : waiting_) polled.push_back({sender.fd.get(), POLLIN, 0});
    // Their ends need no more accuracy than Poco's quarter of a second.
    if (::poll(polled.data(), polled.size(), static_cast<int>(span.count())) < 0) return;
    std::size_t at = 1;
    for (auto sender = waiting_.begin(); sender != waiting_.end(); ++at) {
      const bool stays = polled[at].revents == 0 || read(*sender);
      if (stays && steady_clock::now() > sender->end) {
        if (!sender->refused && !sender->bytes.empty()) refuse(*sender, 408);
        sender = waiting_.erase(sender);
      } else {
        sender = stays ? std::next(sender) : waiting_.erase(sender);
      }
    }
    if (polled[0].revents != 0) accept_all();
  }

  void accept_all() {
    for (;;) {
      Fd fd{::accept4(sockfd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (!fd.is_open()) return;
      Sender sender{std::move(fd), {}, steady_clock::now() + limits_.arrival};
      if (!read(sender)) continue;
      if (waiting_.size() >= limits_.waiting) waiting_.pop_front();
      waiting_.push_back(std::move(sender));
    }
  }

  /// What has come. False: the sender's place is free, as it is ready or gone.
  bool read(Sender& sender) {
    char chunk[4096];
    for (int chunks = 0; chunks < 16; ++chunks) {  // others wait
      const ssize_t got = ::recv(sender.fd.get(), chunk, sizeof chunk, 0);
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      if (got == 0) return false;
      if (sender.refused) continue;
      sender.bytes.append(chunk, static_cast<std::size_t>(got));
      const int status = arrival_of(sender.bytes, limits_);
      if (status == 200) {
        ready_.push_back(std::move(sender));
        return false;
      }
      if (status != 0) refuse(sender, status);
    }
    return true;
  }

  /// Closing while bytes come in would take the answer away with them: read on for a moment.
  static void refuse(Sender& sender, int status) {
    log(Event::http_refused, {{"reason", reason_of(status)}});
    const std::string answer =
        "HTTP/1.1 " + std::to_string(status) +
        " Refused\r\nConnection: close\r\nContent-Length: 0\r\nX-Content-Type-Options: "
        "nosniff\r\n\r\n";
    static_cast<void>(::send(sender.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
    ::shutdown(sender.fd.get(), SHUT_WR);
    sender.refused = true;
    sender.bytes.clear();
    sender.end = steady_clock::now() + kLinger;
  }

  Limits limits_;
  std::list<Sender> waiting_;  ///< in the order they came
  std::deque<Sender> ready_;
};

class Listening : public net::ServerSocket {
 public:
  explicit Listening(Room* room) : ServerSocket{room, true} {}
};

class Page final : public net::HTTPRequestHandler {
 public:
  Page(const Router& router, const Limits& limits) : router_{router}, limits_{limits} {}

  void handleRequest(net::HTTPServerRequest& in, net::HTTPServerResponse& out) override {
    const auto began = steady_clock::now();
    const Request request = request_of(in);
    const auto [response, method, route] = router_.answer(request);
    out.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(response.status));
    out.setContentType(response.type);
    out.set("Cache-Control", "no-store");
    for (const auto& [name, value] : security_fields())
      out.set(std::string{name}, std::string{value});
    for (const auto& [name, value] : response.fields) out.set(name, value);
    out.sendBuffer(response.body.data(), response.body.size());
    const auto ms = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began).count();
    log(Event::http_answered, {{"method", method},
                               {"route", route},
                               {"status", response.status},
                               {"ms", std::int64_t{ms}}});
  }

 private:
  Request request_of(net::HTTPServerRequest& in) const {
    Request request{in.getMethod(), in.getURI(), {}, {}, {}, in.clientAddress().host().toString()};
    if (const std::size_t mark = request.path.find('?'); mark != std::string::npos) {
      request.query = request.path.substr(mark + 1);
      request.path.resize(mark);
    }
    for (const auto& [name, value] : in) request.fields[to_lower(name)] = value;
    request.body.resize(limits_.body_bytes);
    in.stream().read(request.body.data(), static_cast<std::streamsize>(limits_.body_bytes));
    request.body.resize(
        static_cast<std::size_t>(std::max<std::streamsize>(in.stream().gcount(), 0)));
    return request;
  }

  const Router& router_;
  const Limits& limits_;
};

class Pages final : public net::HTTPRequestHandlerFactory {
 public:
  Pages(const Router& router, const Limits& limits) : router_{router}, limits_{limits} {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return new Page{router_, limits_};
  }

 private:
  const Router& router_;
  const Limits& limits_;
};

}  // namespace

struct Server::Impl {
  Router router;
  Limits limits;
  Poco::ThreadPool threads{1, limits.threads};
  std::unique_ptr<net::HTTPServer> server{};
};

Server::Server(Router router, Limits limits) : impl_{new Impl{std::move(router), limits}} {}

Server::~Server() {
  if (impl_->server) impl_->server->stop();
  impl_->threads.joinAll();
}

Status Server::start(const std::string& host, int port) {
  try {
    auto* const room = new Room{impl_->limits};
    const Listening listening{room};
    room->bind(net::SocketAddress{host, static_cast<Poco::UInt16>(port)}, /*reuseAddress=*/true,
               /*reusePort=*/false);
    room->listen(256);
    room->setBlocking(false);
    net::HTTPServerParams::Ptr params{new net::HTTPServerParams};
    params->setKeepAlive(false);
    params->setMaxThreads(impl_->limits.threads);
    params->setMaxQueued(static_cast<int>(impl_->limits.waiting));
    impl_->server = std::make_unique<net::HTTPServer>(new Pages{impl_->router, impl_->limits},
                                                      impl_->threads, listening, params);
    impl_->server->start();
  } catch (const std::exception&) {
    return Error{Fault::denied, host + ":" + std::to_string(port) +
                                    " cannot be listened at; another program may have it"};
  }
  log(Event::http_listening, {{"port", Server::port()}});
  return ok();
}

int Server::port() const { return impl_->server ? impl_->server->port() : 0; }

}  // namespace trust::web
