#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "lib/base/file.h"
#include "lib/cage/json.h"
#include "lib/cage/parser_child.h"
#include "lib/cage/protocol.h"
#include "lib/cage/sandbox.h"
#include "lib/mail/charset.h"
#include "lib/mail/parse.h"
#include "lib/mail/transfer.h"

namespace trust::cage {

namespace {

/// The raw mail, as the parent sealed it.
class MappedMail {
 public:
  explicit MappedMail(int fd) {
    const off_t end = fd < 0 ? 0 : ::lseek(fd, 0, SEEK_END);
    if (end <= 0) return;
    size_ = static_cast<std::size_t>(end);
    void* at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) throw std::bad_alloc{};
    at_ = static_cast<const char*>(at);
  }
  MappedMail(const MappedMail&) = delete;
  MappedMail& operator=(const MappedMail&) = delete;
  ~MappedMail() {
    if (at_ != nullptr) ::munmap(const_cast<char*>(at_), size_);
  }
  std::string_view bytes() const { return at_ == nullptr ? "" : std::string_view{at_, size_}; }

 private:
  const char* at_ = nullptr;
  std::size_t size_ = 0;
};

struct Received {
  Request request;
  Fd mail;
};

/// The next request; nothing when the parent is gone or does not speak our language.
std::optional<Received> receive() {
  Received got;
  iovec piece{&got.request, sizeof got.request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  do {
    n = ::recvmsg(kSocket, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
  } while (n < 0 && errno == EINTR);
  if (const cmsghdr* head = CMSG_FIRSTHDR(&message);
      head != nullptr && head->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
    got.mail = Fd{fd};
  }
  if (n != sizeof got.request || got.request.magic != kMagic) return {};
  return got;
}

bool send_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(kSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool answer(std::string_view main, std::string_view text = {}, std::string_view reply = {}) {
  Answer head;
  head.main_bytes = main.size();
  head.text_bytes = text.size();
  head.reply_bytes = reply.size();
  return send_all({reinterpret_cast<const char*>(&head), sizeof head}) && send_all(main) &&
         send_all(text) && send_all(reply);
}

bool start(const Request& request) {
  if (!limit_self(request.memory_bytes)) return false;
  const Cage cage = close_cage();
  const Answer head{.seccomp = cage.seccomp ? 1U : 0U, .landlock = cage.landlock ? 1U : 0U};
  return send_all({reinterpret_cast<const char*>(&head), sizeof head}) &&
         (cage.seccomp || !kCageIsClosed);
}

bool tell(mail::ParsedMail mail) {
  // Beside the JSON, not in it: escaping could make six bytes of one.
  const std::string text = std::exchange(mail.text, {});
  std::string reply = std::exchange(mail.visible_reply, {});
  return answer(to_json(mail).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), text,
                reply);
}

bool decode_one(std::string_view raw, const Request& request) {
  if (request.begin > request.end || request.end > raw.size()) return false;
  const std::string_view name{request.encoding.data(),
                              ::strnlen(request.encoding.data(), request.encoding.size())};
  return answer(mail::decode_transfer(raw.substr(request.begin, request.end - request.begin),
                                      mail::encoding_of(name)));
}

}  // namespace

int child_main() {
  ::prctl(PR_SET_NAME, "parser", 0, 0, 0);
  mail::open_converters();
  try {
    while (std::optional<Received> got = receive()) {
      if (got->request.ask == Ask::start) {
        if (!start(got->request)) return 1;
        continue;
      }
      const MappedMail mail{got->mail.get()};
      got->mail.reset();
      const bool told = got->request.ask == Ask::decode ? decode_one(mail.bytes(), got->request)
                        : got->request.ask == Ask::header
                            ? tell(mail::parse_header_only(mail.bytes(), ""))
                            : tell(mail::parse(mail.bytes()));
      if (!told) return 1;
    }
  } catch (const std::bad_alloc&) {
    return kExitNoMemory;
  } catch (...) {
    return 1;
  }
  return 0;
}

}  // namespace trust::cage
