// What the caged child can no longer do, tried from inside; and that it reads mails as well as
// ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/cage/json.h"
#include "lib/cage/parser_child.h"
#include "lib/cage/sandbox.h"
#include "lib/mail/charset_list.h"
#include "lib/mail/parse.h"
#include "tests/lib/cage/attempts.h"

namespace trust::cage {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr Limits kHasty{.memory_bytes = 512ULL << 20U, .cpu = 2s};
const std::string kMail =
    "From: Ada <ada@example.org>\r\nSubject: Haven is down\r\n\r\nNothing.\r\n";

ParserChild child_that_is(const std::string& role) {
  return ParserChild{kHasty, {"/proc/self/exe", role}};
}

/// What the child did when a mail told it `what`.
std::string outcome(const std::string& role, const std::string& what) {
  ParserChild child = child_that_is(role);
  const auto mail = child.parse("X-Do: " + what + "\n" + kMail);
  if (!mail) return mail.error().text();
  return mail->unparsed ? "child " + mail->unparsed_because : mail->text;
}

/// A folder with files to lose, and a port that takes connections.
class Bait {
 public:
  Bait() : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    auto* const address = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(::bind(listener_.get(), address, length), 0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
    EXPECT_EQ(::getsockname(listener_.get(), address, &length), 0);
    folder_ = testing::TempDir() + "cage-" + std::to_string(ntohs(at.sin_port));
    std::filesystem::create_directory(folder_);
    for (const char* name : {"there", "unlinked", "renamed"})
      std::ofstream{folder_ + "/" + name} << "words";
  }
  Bait(const Bait&) = delete;
  Bait& operator=(const Bait&) = delete;
  ~Bait() { std::filesystem::remove_all(folder_); }
  const std::string& folder() const { return folder_; }

 private:
  Fd listener_;
  std::string folder_;
};

class Attempts : public testing::TestWithParam<Attempt> {};

TEST_P(Attempts, FailInTheCageAndSucceedWithoutIt) {
  const auto tried_by = [](const std::string& role) {
    const Bait bait;
    return outcome(role, std::string{"try "} + GetParam().name + " " + bait.folder());
  };
  EXPECT_EQ(tried_by("caged"), kCageIsClosed ? "EPERM" : "done");
  EXPECT_EQ(tried_by("free"), "done") << "the control: what nobody can do proves nothing";
}

INSTANTIATE_TEST_SUITE_P(Cage, Attempts, testing::ValuesIn(attempts().begin(), attempts().end()),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST(Cage, LeavesTheLibrariesWhatTheyNeed) { EXPECT_EQ(outcome("caged", "use-libraries"), "fine"); }

TEST(Cage, AChildThatDiesInItSaysOfWhat) {
  for (const char* how : {"abort", "crash", "exit", "no-memory"})
    EXPECT_EQ(outcome("caged", how), "child crashed") << how;
  EXPECT_EQ(outcome("caged", "spin"), "child too_slow");
}

/// What each charset's reader makes of every byte, and of pairs of them.
std::string mail_in(std::string_view charset) {
  std::string raw = "Subject: =?" + std::string{charset} + "?q?=E4=F6=FC=A4=40=41?=\r\n" +
                    "Content-Transfer-Encoding: 8bit\r\nContent-Type: text/plain; charset=" +
                    std::string{charset} + "\r\n\r\n";
  for (int i = 0x20; i < 0x100; ++i)
    (raw += static_cast<char>(i)) += i % 16 == 0 ? "\r\n" : "\xA1\x41";
  return raw + "\r\n";
}

TEST(Cage, EveryCharsetIsReadInsideAsOutside) {
  ParserChild child;
  for (const mail::Charset& charset : mail::charset_list()) {
    const std::string raw = mail_in(charset.name);
    const auto inside = child.parse(raw);
    ASSERT_TRUE(inside);
    EXPECT_FALSE(inside->unparsed) << charset.name;
    EXPECT_TRUE(to_json(*inside) == to_json(mail::parse(raw))) << charset.name;
  }
  EXPECT_TRUE(to_json(*child.parse(mail_in("x-unheard-of"))) ==
              to_json(mail::parse(mail_in("x-unheard-of"))));
}

/// What `act` says and logs on a kernel that lacks `parts`.
enum class Part { seccomp, landlock };
std::string on_kernel_without(const std::vector<Part>& parts,
                              const std::function<std::string()>& act) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], 1);
    ::close(ends[1]);
    const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
    constexpr std::uint32_t kNone = SCMP_ACT_ERRNO(ENOSYS);
    for (const Part part : parts) {
      if (part == Part::landlock)
        ::seccomp_rule_add(filter, kNone, SCMP_SYS(landlock_create_ruleset), 0);
      if (part == Part::seccomp) {
        ::seccomp_rule_add(filter, kNone, SCMP_SYS(seccomp), 0);
        ::seccomp_rule_add(filter, kNone, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
      }
    }
    if (!parts.empty() && ::seccomp_load(filter) != 0) ::_exit(1);
    set_log_output(LogTo::standard_output);
    const std::string said = act();
    ::_exit(::write(1, said.data(), said.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  const Fd from{ends[0]};
  std::string all;
  char chunk[4096];
  for (ssize_t n = 0; (n = ::read(from.get(), chunk, sizeof chunk)) > 0;)
    all.append(chunk, static_cast<std::size_t>(n));
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  return all;
}

/// The outcome of three mails in a process that never read one: what is said once was not said yet.
std::string read_three() {
  ::execl("/proc/self/exe", "test", "read-three", nullptr);
  return "not executed";
}

std::size_t times(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    ++count;
  return count;
}

TEST(Cage, WithoutLandlockItHoldsAndSaysSoOnce) {
  const std::string said = on_kernel_without({Part::landlock}, read_three);
  EXPECT_THAT(said, HasSubstr("read: Haven is down"));
  EXPECT_EQ(times(said, kCageIsClosed ? "\"missing\":\"landlock\"" : "cage_weak"), 1U) << said;
}

TEST(Cage, OfASanitizerBuildIsOpenAndItSaysSo) {
  const std::string said = on_kernel_without({}, read_three);
  EXPECT_THAT(said, HasSubstr("read: Haven is down"));
  EXPECT_EQ(times(said, "\"missing\":\"everything\""), kCageIsClosed ? 0U : 1U) << said;
}

TEST(Cage, WithoutSeccompNoMailIsReadAndTheErrorSaysWhy) {
  const std::string said = on_kernel_without({Part::seccomp}, read_three);
  EXPECT_THAT(said, HasSubstr(kCageIsClosed ? "refuses seccomp" : "read: Haven is down"));
  // A child that says that nothing holds it, and would go on.
  ParserChild child = child_that_is("open");
  const auto mail = child.parse(kMail);
  ASSERT_EQ(mail.has_value(), !kCageIsClosed);
  if (mail) return;
  EXPECT_EQ(mail.error().fault(), Fault::unavailable);
  EXPECT_THAT(mail.error().text(), HasSubstr("seccomp"));
  EXPECT_EQ(child.child_pid(), 0);
}

bool has_landlock() { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1) > 0; }

// Two walls: what seccomp would have refused with EPERM, Landlock refuses with EACCES.
TEST(Cage, LandlockAloneKeepsFilesAwayToo) {
  const Bait bait;
  const auto tried = [&](const std::string& name) {
    return on_kernel_without({Part::seccomp},
                             [&] { return outcome("caged", "try " + name + " " + bait.folder()); });
  };
  const std::string wanted = kCageIsClosed && has_landlock() ? "EACCES" : "done";
  for (const char* name : {"open_a_file_for_reading", "open_a_file_for_writing", "make_a_file",
                           "open_a_folder", "unlink", "mkdir", "symlink"})
    EXPECT_THAT(tried(name), testing::EndsWith(wanted)) << name;
  EXPECT_THAT(tried("socket_unix"), testing::EndsWith("done")) << "the control: no filter is on";
}

}  // namespace
}  // namespace trust::cage
