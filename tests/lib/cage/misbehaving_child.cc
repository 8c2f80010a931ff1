#include "tests/lib/cage/misbehaving_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iomanip>
#include <list>
#include <locale>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

#include "lib/cage/json.h"
#include "lib/cage/protocol.h"
#include "lib/cage/sandbox.h"
#include "lib/mail/charset.h"
#include "lib/mail/parse.h"
#include "tests/lib/cage/attempts.h"

namespace trust::cage {

namespace {

void write_all(const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::send(3, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n <= 0) std::exit(9);
    done += static_cast<std::size_t>(n);
  }
}

void answer(const Answer& head, const std::string& pieces) {
  write_all({reinterpret_cast<const char*>(&head), sizeof head});
  write_all(pieces);
}

void tell(nlohmann::json object, const std::string& text = "text\n") {
  object.erase("text");
  const std::string main = object.dump();
  answer({.main_bytes = main.size(), .text_bytes = text.size()}, main + text);
}

std::string read_mail(int fd) {
  const off_t end = ::lseek(fd, 0, SEEK_END);
  if (end <= 0) return {};
  const auto size = static_cast<std::size_t>(end);
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) return {};
  std::string raw{static_cast<const char*>(at), size};
  ::munmap(at, size);
  return raw;
}

std::string try_it(const std::string& name, const std::string& folder) {
  for (const Attempt& attempt : attempts()) {
    if (attempt.name != name) continue;
    const int problem = attempt.run(folder);
    return problem == 0 ? "done" : ::strerrorname_np(problem);
  }
  return "no such attempt";
}

/// What mimetic, iconv, JSON and we rely on.
std::string use_libraries() {
  std::string large(64U << 20U, 'x');
  large.resize(200U << 20U, 'y');
  large = {};
  std::list<std::string> small;
  for (int i = 0; i < 100'000; ++i) small.emplace_back(static_cast<std::size_t>(i % 700), 'z');
  try {
    throw std::runtime_error{"caught"};
  } catch (const std::exception& error) {
    if (error.what() != std::string_view{"caught"}) return "exceptions";
  }
  try {
    (void)std::locale{"xx_YY.UTF-8"};
    return "a locale from nowhere";
  } catch (const std::runtime_error&) {
  }
  std::ostringstream out;
  out << std::setprecision(3) << 1.5
      << std::put_time(std::gmtime(std::array<std::time_t, 1>{}.data()), "%F");
  if (out.str() != "1.51970-01-01") return "streams";
  std::atomic<int> turns{0};
  std::once_flag once;
  std::call_once(once, [&] { ++turns; });
  return turns == 1 && std::chrono::system_clock::now().time_since_epoch().count() > 0 ? "fine"
                                                                                       : "once";
}

void misbehave(const std::string& how, const nlohmann::json& honest) {
  if (how == "spin")
    for (std::atomic<unsigned> turns{0};;) ++turns;
  if (how == "hang") ::pause();
  if (how == "exit") std::_Exit(0);
  if (how == "abort") std::abort();
  if (how == "crash") __builtin_trap();
  if (how == "use-libraries") tell(honest, use_libraries());
  if (how.starts_with("try ")) {
    const std::size_t space = how.find(' ', 4);
    tell(honest, try_it(how.substr(4, space - 4), how.substr(space + 1)));
  }
  if (how == "kill") ::raise(SIGKILL);
  if (how.starts_with("kill-unless ")) {  // a file is there, which the first child makes
    const std::string mark = how.substr(how.find(' ') + 1);
    if (::open(mark.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0) ::raise(SIGKILL);
    tell(honest);
  }
  if (how == "deaf") {  // closes the socket and lives on
    ::close(3);
    ::pause();
  }
  if (how == "no-memory") {
    std::string much(2ULL << 30U, 'x');  // beyond any limit of the tests
    write_all(much);
  }
  if (how == "garbage") write_all(std::string(100, '\x55'));
  if (how == "long") answer({.main_bytes = ~0ULL}, "");
  if (how == "long-text") answer({.main_bytes = 2, .text_bytes = 1ULL << 40U}, "{}");
  if (how == "short") {
    answer({.main_bytes = 1000}, "{");
    std::_Exit(0);
  }
  if (how == "not-json") answer({.main_bytes = 5}, "[1,2]");
  if (how == "deep") {
    const std::string deep =
        "{\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    answer({.main_bytes = deep.size()}, deep);
  }
  if (how == "wrong-type") tell({{"subject", 7}});
  if (how == "not-utf8") tell(honest, "\xFF\xFE");
  if (how == "nul") tell(honest, std::string{"a\0b", 3});
  if (how == "not-within") {
    nlohmann::json lie = honest;
    lie["attachments"] = {{{"type", "image/png"}, {"begin", 0}, {"end", 1ULL << 40U}}};
    tell(lie);
  }
}

}  // namespace

int misbehaving_child_main(Confined confined) {
  mail::open_converters();
  for (;;) {
    Request request;
    iovec piece{&request, sizeof request};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(3, &message, MSG_WAITALL) != sizeof request) return 0;
    if (request.ask == Ask::start) {
      if (confined != Confined::not_at_all && !limit_self(request.memory_bytes)) return 1;
      if (confined == Confined::by_cage) close_cage();
      answer({.seccomp = confined == Confined::open ? 0U : 1U, .landlock = 1}, "");
      continue;
    }
    int fd = -1;
    if (const cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr)
      std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
    const std::string raw = read_mail(fd);
    ::close(fd);
    const bool header = request.ask == Ask::header;
    const std::string order = header ? "X-Do-Always: " : "X-Do: ";
    std::size_t at = raw.find(order);
    if (at == std::string::npos && !header) at = raw.find("X-Do-Always: ");
    const nlohmann::json honest =
        to_json(header ? mail::parse_header_only(raw, "") : mail::parse(raw));
    if (at == std::string::npos) {
      tell(honest);
      continue;
    }
    at = raw.find(' ', at) + 1;
    misbehave(raw.substr(at, raw.find('\n', at) - at), honest);
  }
}

}  // namespace trust::cage
