#include "lib/cage/parser_child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cage/json.h"
#include "lib/cage/protocol.h"
#include "lib/cage/sandbox.h"
#include "lib/mail/parse.h"

namespace trust::cage {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kStartWait{10'000};
constexpr std::size_t kMaxAttachments = 20'000;  // scan allows 10,000 parts

/// What a child's answer held, before anyone believes it.
struct Pieces {
  Answer head;
  std::string main, text, reply;
};

/// Why there is no answer.
enum class Loss { none, died, too_slow, garbled };

/// The mail in memory that neither side can change any more.
Fd sealed_copy(std::string_view raw) {
  Fd fd{::memfd_create("mail", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  while (fd.is_open() && !raw.empty()) {
    const ssize_t n = ::write(fd.get(), raw.data(), raw.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return {};
    raw.remove_prefix(static_cast<std::size_t>(n));
  }
  if (fd.is_open() &&
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return {};
  return fd;
}

/// Nothing of our environment is the child's business, except what sanitizers are told.
std::vector<std::string> child_environment() {
  std::vector<std::string> kept;
#ifdef TRUST_SANITIZED
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) kept.push_back(std::string{name} + "=" + value);
#endif
  return kept;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

/// Starts `arguments` with `socket` as descriptor 3 and nothing else open; 0 if it cannot be.
pid_t spawn(std::vector<std::string> arguments, int socket) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  if (::posix_spawn_file_actions_init(&files) != 0) return 0;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, socket, kSocket);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
#ifndef TRUST_SANITIZED
  // What a dying library prints may hold words of a mail; only a sanitizer's report is wanted.
  ::posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
#endif
  ::posix_spawn_file_actions_addclosefrom_np(&files, kSocket + 1);
  // What asks us to end, by Ctrl-C or to all of the service's processes, must not take the child
  // from under the mail we are filing: it ends with its socket.
  sigset_t ours, all;
  sigemptyset(&ours);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ours, signal);
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &ours);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  // Not by the name of the file: an upgrade may have replaced it under a running service.
  const std::string path = arguments.front();
  if (path == "/proc/self/exe") arguments.front() = own_executable();
  std::vector<std::string> environment = child_environment();
  pid_t pid = 0;
  if (::posix_spawn(&pid, path.c_str(), &files, &attributes, pointers(arguments).data(),
                    pointers(environment).data()) != 0)
    pid = 0;
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  return pid;
}

bool send_request(int socket, const Request& request, int mail) {
  Request copy = request;
  iovec piece{&copy, sizeof copy};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (mail >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &mail, sizeof mail);
  }
  ssize_t n = 0;
  do {
    n = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(sizeof copy);
}

Loss read_exactly(int socket, char* to, std::size_t count, steady_clock::time_point until) {
  while (count > 0) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    pollfd ready{socket, POLLIN, 0};
    const int polled = left.count() <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left.count()));
    if (polled < 0 && errno == EINTR) continue;
    if (polled == 0) return Loss::too_slow;
    const ssize_t n = polled < 0 ? -1 : ::recv(socket, to, count, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return Loss::died;
    to += n;
    count -= static_cast<std::size_t>(n);
  }
  return Loss::none;
}

Loss read_piece(int socket, std::string& piece, std::uint64_t length,
                steady_clock::time_point until) {
  // Memory follows what arrives, not what is announced.
  constexpr std::uint64_t kStep = 1U << 20U;
  while (piece.size() < length) {
    const std::size_t old = piece.size();
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(length, old + kStep)));
    if (const Loss loss = read_exactly(socket, piece.data() + old, piece.size() - old, until);
        loss != Loss::none)
      return loss;
  }
  return Loss::none;
}

bool is_text(const std::string& text) {
  return text.find('\0') == std::string::npos && is_valid_utf8(text);
}

/// The child's answer as a mail, if every word of it is possible.
std::optional<mail::ParsedMail> believe(Pieces pieces, std::size_t raw_bytes) {
  using nlohmann::json;
  const auto flat = [](int depth, json::parse_event_t, json&) { return depth < 6; };
  const json object = json::parse(pieces.main, flat, /*allow_exceptions=*/false);
  if (!object.is_object() || !is_text(pieces.text) || !is_text(pieces.reply)) return {};
  Result<mail::ParsedMail> mail = from_json(object);
  if (!mail || mail->attachments.size() > kMaxAttachments) return {};
  for (const mail::Attachment& a : mail->attachments)
    if (a.begin > a.end || a.end > raw_bytes) return {};
  mail->text = std::move(pieces.text);
  mail->visible_reply = std::move(pieces.reply);
  return *std::move(mail);
}

}  // namespace

struct ParserChild::Impl {
  Limits limits;
  std::vector<std::string> arguments;
  pid_t pid = 0;
  Fd socket;
  int mails = 0;

  Status start();
  void end();
  int death();
  Loss ask(const Request& request, int mail, std::uint64_t max_main, std::uint64_t max_text,
           milliseconds wall, Pieces& pieces);
  Result<Pieces> ask_about(std::string_view raw, Request request, std::uint64_t max_main,
                           std::uint64_t max_text, std::string& word);
  Result<mail::ParsedMail> read(std::string_view raw, Ask what, std::string& word);
  Error lose(const char* reason, std::string& word);
  void allow_cpu() const;
};

/// Ends the child whatever it does, and reaps it.
void ParserChild::Impl::end() {
  socket.reset();
  if (pid == 0) return;
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid = 0;
}

/// The wait status of a child whose socket is closed; 0 if it closed it without dying.
int ParserChild::Impl::death() {
  for (int waited_ms = 0; waited_ms < 1000; ++waited_ms) {
    int status = 0;
    if (const pid_t got = ::waitpid(pid, &status, WNOHANG); got == pid) {
      pid = 0;
      return status;
    }
    ::poll(nullptr, 0, 1);
  }
  return 0;
}

Status ParserChild::Impl::start() {
  const Error cannot{Fault::unavailable,
                     "the parser cannot be started; check limits on memory and "
                     "processes"};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return cannot;
  socket = Fd{ends[0]};
  {
    const Fd theirs{ends[1]};
    pid = spawn(arguments, theirs.get());
  }
  mails = 0;
  Pieces answer;
  const Request request{.ask = Ask::start, .memory_bytes = limits.memory_bytes};
  if (pid == 0 || ask(request, -1, 0, 0, kStartWait, answer) != Loss::none) {
    end();
    return cannot;
  }
  if (kCageIsClosed && answer.head.seccomp == 0) {
    end();
    return Error{
        Fault::unavailable,
        "the parser is not started: the kernel (or the container) refuses seccomp filters, "
        "and mails are read only behind one"};
  }
  static std::atomic_flag told;
  if (answer.head.landlock == 0 && !told.test_and_set())
    log(Event::cage_weak, {{"missing", kCageIsClosed ? "landlock" : "everything"}});
  return ok();
}

/// A soft limit only: it can be raised for the next mail, and the clock on the wall holds anyway.
void ParserChild::Impl::allow_cpu() const {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return;
  rlimit limit{static_cast<rlim_t>(used.tv_sec + 1 + limits.cpu.count()), RLIM_INFINITY};
  ::prlimit(pid, RLIMIT_CPU, &limit, nullptr);
}

Loss ParserChild::Impl::ask(const Request& request, int mail, std::uint64_t max_main,
                            std::uint64_t max_text, milliseconds wall, Pieces& pieces) {
  const auto until = steady_clock::now() + wall;
  if (!send_request(socket.get(), request, mail)) return Loss::died;
  Answer& head = pieces.head;
  Loss loss = read_exactly(socket.get(), reinterpret_cast<char*>(&head), sizeof head, until);
  if (loss != Loss::none) return loss;
  if (head.magic != kMagic || head.main_bytes > max_main || head.text_bytes > max_text ||
      head.reply_bytes > max_text)
    return Loss::garbled;
  loss = read_piece(socket.get(), pieces.main, head.main_bytes, until);
  if (loss == Loss::none) loss = read_piece(socket.get(), pieces.text, head.text_bytes, until);
  if (loss == Loss::none) loss = read_piece(socket.get(), pieces.reply, head.reply_bytes, until);
  return loss;
}

/// No answer came: the child is ended, and `word` says why.
Error ParserChild::Impl::lose(const char* reason, std::string& word) {
  end();
  word = reason;
  log(Event::child_died, {{"reason", word}});
  return {Fault::internal, "parser: " + word};
}

/// One question about one mail. Without an answer `word` says why, and the child is gone. A child
/// that was killed from outside (an operator, the kernel out of memory) did not die of this mail:
/// the mail is given to one more.
Result<Pieces> ParserChild::Impl::ask_about(std::string_view raw, Request request,
                                            std::uint64_t max_main, std::uint64_t max_text,
                                            std::string& word) {
  const Fd mail = sealed_copy(raw);
  if (!mail.is_open()) return Error{Fault::unavailable, "parser: no memory for a copy of the mail"};
  for (int attempt = 0;; ++attempt) {
    if (pid != 0 && mails >= limits.mails_per_child) end();
    if (pid == 0)
      if (Status started = start(); !started) return started.error();
    allow_cpu();
    ++mails;
    Pieces pieces;
    const Loss loss = ask(request, mail.get(), max_main, max_text, limits.wall, pieces);
    if (loss == Loss::none) return pieces;
    const int status = loss == Loss::died ? death() : 0;
    end();
    const int signal = loss == Loss::died && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == SIGKILL && attempt == 0) continue;
    const char* reason = loss == Loss::garbled                                 ? "garbled"
                         : loss == Loss::too_slow || signal == SIGXCPU         ? "too_slow"
                         : signal == 0 && WEXITSTATUS(status) == kExitNoMemory ? "too_much_memory"
                                                                               : "crashed";
    return lose(reason, word);
  }
}

ParserChild::ParserChild(Limits limits) : ParserChild{limits, {"/proc/self/exe", "parser"}} {}

ParserChild::ParserChild(Limits limits, std::vector<std::string> arguments)
    : impl_{std::make_unique<Impl>()} {
  impl_->limits = limits;
  impl_->arguments = std::move(arguments);
}

ParserChild::~ParserChild() { impl_->end(); }

int ParserChild::child_pid() const { return impl_->pid; }

/// The child's answer to `what`, believed; without one, `word` says why.
Result<mail::ParsedMail> ParserChild::Impl::read(std::string_view raw, Ask what,
                                                 std::string& word) {
  Result<Pieces> pieces =
      ask_about(raw, {.ask = what}, kMaxJsonBytes, max_text_bytes(raw.size()), word);
  if (!pieces) return pieces.error();
  if (std::optional<mail::ParsedMail> mail = believe(*std::move(pieces), raw.size()))
    return *std::move(mail);
  return lose("garbled", word);
}

Result<mail::ParsedMail> ParserChild::parse(std::string_view raw) {
  std::string word;
  Result<mail::ParsedMail> mail = impl_->read(raw, Ask::parse, word);
  if (mail || word.empty()) return mail;
  std::string second_word;
  Result<mail::ParsedMail> header = impl_->read(raw, Ask::header, second_word);
  if (!header && second_word.empty()) return header;
  if (!header) return mail::parse_hardly(raw, word);
  header->unparsed_because = word;
  return header;
}

Result<std::string> ParserChild::decode(std::string_view raw, const mail::Attachment& attachment) {
  if (attachment.begin > attachment.end || attachment.end > raw.size())
    return Error{Fault::invalid, "attachment: not within its mail"};
  Request request{.ask = Ask::decode, .begin = attachment.begin, .end = attachment.end};
  const std::size_t length = std::min(attachment.encoding.size(), request.encoding.size());
  std::copy_n(attachment.encoding.data(), length, request.encoding.data());
  std::string word;
  Result<Pieces> pieces =
      impl_->ask_about(raw, request, attachment.end - attachment.begin + 65536, 0, word);
  if (!pieces) return pieces.error();
  return std::move(pieces->main);
}

}  // namespace trust::cage
