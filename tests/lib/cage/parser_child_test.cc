#include "lib/cage/parser_child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/text.h"
#include "lib/cage/json.h"
#include "lib/mail/parse.h"

namespace trust::cage {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

#ifdef TRUST_SANITIZED
constexpr const char* kNoMemory = "crashed";  // their allocator ends the process
#else
constexpr const char* kNoMemory = "too_much_memory";
#endif

constexpr Limits kHasty{.memory_bytes = 512ULL << 20U, .cpu = 1s, .wall = 4s};

const std::string kMail =
    "From: Ada <ada@example.org>\r\nTo: security@example.com\r\nSubject: Haven is down\r\n"
    "Message-ID: <a1@example.org>\r\n\r\nNothing resolves.\r\n";

ParserChild misbehaving(Limits limits = kHasty) {
  return ParserChild{limits, {"/proc/self/exe", "misbehave"}};
}

int open_descriptors() {
  const std::filesystem::directory_iterator folder{"/proc/self/fd"};
  return static_cast<int>(std::distance(begin(folder), end(folder)));
}

bool has_zombie() {
  siginfo_t found{};
  return ::waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT) == 0 && found.si_pid != 0;
}

void expect_understood(const Result<mail::ParsedMail>& mail) {
  ASSERT_TRUE(mail);
  EXPECT_FALSE(mail->unparsed) << mail->unparsed_because;
  EXPECT_EQ(mail->subject, "Haven is down");
  EXPECT_EQ(mail->from.address, "ada@example.org");
}

TEST(ParserChild, ReadsAMailInAProcessOfItsOwn) {
  ParserChild child;
  EXPECT_EQ(child.child_pid(), 0) << "started at first use";
  const auto mail = child.parse(kMail);
  expect_understood(mail);
  EXPECT_EQ(mail->text, "Nothing resolves.\n");
  EXPECT_EQ(mail->visible_reply, "Nothing resolves.\n");
  EXPECT_EQ(mail->content_sha256.size(), 64U);
  EXPECT_GT(child.child_pid(), 0);
}

TEST(ParserChild, ItsProcessHoldsNothingOfOurs) {
  ::setenv("TRUST_TEST_SECRET", "hunter2", 1);
  const std::filesystem::path file{::testing::TempDir() + "open-in-the-parent"};
  const std::ofstream open_here{file};
  ParserChild child;
  expect_understood(child.parse(kMail));
  const std::string proc = "/proc/" + std::to_string(child.child_pid());
  // Only a process that may look at it: the child hides from others of its user.
  std::ifstream environment{proc + "/environ"};
  const std::string variables{std::istreambuf_iterator<char>{environment}, {}};
  EXPECT_EQ(variables.find("hunter2"), std::string::npos);
  std::error_code denied;
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{proc + "/fd", denied}) {
    ++count;
    const std::string target = std::filesystem::read_symlink(entry, denied).string();
    EXPECT_EQ(target.find(file.filename()), std::string::npos);
  }
  EXPECT_TRUE(denied || count == 4) << "null, null, null and its socket, not " << count;
}

TEST(ParserChild, IsReplacedAfterSoManyMails) {
  ParserChild child{{.mails_per_child = 3}};
  std::vector<int> pids;
  for (int i = 0; i < 7; ++i) {
    expect_understood(child.parse(kMail));
    pids.push_back(child.child_pid());
  }
  EXPECT_EQ(pids[0], pids[2]);
  EXPECT_NE(pids[2], pids[3]);
  EXPECT_EQ(pids[3], pids[5]);
  EXPECT_NE(pids[5], pids[6]);
}

struct Misdeed {
  const char* how;
  const char* word;
};

class Misdeeds : public testing::TestWithParam<Misdeed> {};

TEST_P(Misdeeds, GiveWhatTheHeaderYieldsAndTheNextMailIsRead) {
  ParserChild child = misbehaving();
  const std::string bad = std::string{"X-Do: "} + GetParam().how + "\n" + kMail;
  const auto mail = child.parse(bad);
  ASSERT_TRUE(mail);
  EXPECT_TRUE(mail->unparsed);
  EXPECT_EQ(mail->unparsed_because, GetParam().word);
  EXPECT_EQ(mail->subject, "Haven is down");
  EXPECT_EQ(mail->from.address, "ada@example.org");
  expect_understood(child.parse(kMail));
}

TEST_P(Misdeeds, ThatKillTheHeaderReaderTooStillGiveAMailThatIsNeverAcknowledged) {
  ParserChild child = misbehaving();
  const std::string bad = std::string{"X-Do-Always: "} + GetParam().how + "\n" + kMail;
  const auto mail = child.parse(bad);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->unparsed_because, GetParam().word);
  EXPECT_EQ(mail->subject, "Haven is down");
  EXPECT_EQ(mail->from.address, "ada@example.org");
  EXPECT_TRUE(mail->must_not_ack);
  expect_understood(child.parse(kMail));
}

INSTANTIATE_TEST_SUITE_P(
    ParserChild, Misdeeds,
    testing::Values(Misdeed{"spin", "too_slow"}, Misdeed{"hang", "too_slow"},
                    Misdeed{"exit", "crashed"}, Misdeed{"abort", "crashed"},
                    Misdeed{"deaf", "crashed"}, Misdeed{"no-memory", "crashed"},
                    Misdeed{"garbage", "garbled"}, Misdeed{"long", "garbled"},
                    Misdeed{"long-text", "garbled"}, Misdeed{"short", "crashed"},
                    Misdeed{"not-json", "garbled"}, Misdeed{"wrong-type", "garbled"},
                    Misdeed{"not-utf8", "garbled"}, Misdeed{"nul", "garbled"},
                    Misdeed{"not-within", "garbled"}),
    [](const auto& one) {
      std::string name = one.param.how;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(ParserChild, AnAnswerNestedWithoutEndDoesNoHarm) {
  ParserChild child = misbehaving();
  ASSERT_TRUE(child.parse("X-Do: deep\n" + kMail));
  expect_understood(child.parse(kMail));
}

TEST(ParserChild, KilledBetweenMailsIsReplacedAndNoMailSuffers) {
  ParserChild child;
  for (int i = 0; i < 5; ++i) {
    expect_understood(child.parse(kMail));
    ASSERT_EQ(::kill(child.child_pid(), SIGKILL), 0);
  }
  expect_understood(child.parse(kMail));
}

TEST(ParserChild, SignalsThatAskTheServiceToEndLeaveItAtItsMail) {
  ParserChild child;
  expect_understood(child.parse(kMail));
  const int first = child.child_pid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ASSERT_EQ(::kill(first, signal), 0);
    expect_understood(child.parse(kMail));
    EXPECT_EQ(child.child_pid(), first) << signal;
  }
}

TEST(ParserChild, KilledInTheMiddleOfAMailGivesItToOneMoreChild) {
  const std::string mark = testing::TempDir() + "killed-once-" + std::to_string(::getpid());
  std::filesystem::remove(mark);
  ParserChild child = misbehaving();
  expect_understood(child.parse(kMail));
  const int first = child.child_pid();
  expect_understood(child.parse("X-Do: kill-unless " + mark + "\n" + kMail));
  EXPECT_NE(child.child_pid(), first);
  EXPECT_TRUE(std::filesystem::remove(mark)) << "the first child was at it when it died";
}

TEST(ParserChild, KilledTwiceOverOneMailLetsItBe) {
  ParserChild child = misbehaving();
  const auto mail = child.parse("X-Do: kill\n" + kMail);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->unparsed_because, "crashed");
  EXPECT_EQ(mail->subject, "Haven is down");
  expect_understood(child.parse(kMail));
}

TEST(ParserChild, EatenTimeDoesNotAddUpOverMails) {
  ParserChild child{{.cpu = 1s, .mails_per_child = 1000}};
  const std::string heavy = kMail + std::string(8U << 20U, 'x');
  const auto until = std::chrono::steady_clock::now() + 3s;
  int first = 0;
  while (std::chrono::steady_clock::now() < until) {
    expect_understood(child.parse(heavy));
    if (first == 0) first = child.child_pid();
  }
  EXPECT_EQ(child.child_pid(), first) << "the limit is per mail";
}

TEST(ParserChild, ThatIsRefusedMemorySaysSo) {
  ParserChild child{{.memory_bytes = 24U << 20U}};
  const auto mail = child.parse(kMail + std::string(20U << 20U, 'x'));
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->unparsed_because, kNoMemory);
  EXPECT_EQ(mail->subject, "Haven is down");
  expect_understood(child.parse(kMail));
}

TEST(ParserChild, ThatCannotBeStartedIsUnavailable) {
  for (const char* path : {"/nonexistent", "/bin/true", "/etc/passwd"}) {
    ParserChild child{kHasty, {path, "parser"}};
    const auto mail = child.parse(kMail);
    ASSERT_FALSE(mail) << path;
    EXPECT_EQ(mail.error().fault(), Fault::unavailable);
  }
}

TEST(ParserChild, LeavesNoZombieAndNoDescriptor) {
  const int before = open_descriptors();
  int last = 0;
  {
    ParserChild child = misbehaving({.cpu = 1s, .wall = 1s, .mails_per_child = 2});
    for (const char* how : {"hang", "exit", "garbage", "not-utf8", "deaf"}) {
      ASSERT_TRUE(child.parse(std::string{"X-Do: "} + how + "\n" + kMail));
      expect_understood(child.parse(kMail));
    }
    EXPECT_EQ(open_descriptors(), before + 1) << "only the socket of the living child";
    last = child.child_pid();
    EXPECT_EQ(::kill(last, 0), 0);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(has_zombie());
  EXPECT_NE(::kill(last, 0), 0) << "gone and reaped";
}

TEST(ParserChild, DecodesAnAttachment) {
  const std::string raw =
      "From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
      "\r\n--b\r\n\r\nsee file\r\n--b\r\nContent-Type: application/octet-stream; name=x.bin\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n/w==\r\n--b--\r\n";
  ParserChild child;
  const auto mail = child.parse(raw);
  ASSERT_TRUE(mail);
  ASSERT_EQ(mail->attachments.size(), 1U);
  EXPECT_EQ(mail->attachments[0].bytes, 4U);
  const auto bytes = child.decode(raw, mail->attachments[0]);
  ASSERT_TRUE(bytes);
  EXPECT_EQ(*bytes, std::string("\x00\x01\x02\xFF", 4));

  mail::Attachment outside = mail->attachments[0];
  outside.end = raw.size() + 1;
  EXPECT_EQ(child.decode(raw, outside).error().fault(), Fault::invalid);
  outside = {.begin = 5, .end = 4};
  EXPECT_EQ(child.decode(raw, outside).error().fault(), Fault::invalid);
}

std::string nested(int levels) {
  std::string raw = "Subject: deep\r\nMIME-Version: 1.0\r\n";
  for (int i = 0; i < levels; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    raw += "Content-Type: multipart/mixed; boundary=" + boundary;
    raw += "\r\n\r\n--" + boundary;
    raw += "\r\n";
  }
  return raw + "\r\nat the bottom\r\n";
}

struct Hostile {
  const char* name;
  std::string raw;
};

std::vector<Hostile> hostile_mails() {
  std::string many_messages = "Subject: m\r\n";
  for (int i = 0; i < 50'000; ++i) many_messages += "Content-Type: message/rfc822\r\n\r\n";
  std::string words = "Subject: ";
  for (int i = 0; i < 5'000; ++i) words += "=?utf-8?q?=41?=\r\n ";
  std::string parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 500'000; ++i) parts += "--b\r\n\r\n\r\n";
  std::string recipients = "To: ";
  for (int i = 0; i < 20'000; ++i) recipients += "a" + std::to_string(i) + "@example.org,\r\n ";
  return {
      {"empty", ""},
      {"only_line_ends", "\r\n\r\n\r\n"},
      {"no_from", "Subject: x\r\n\r\nbody\r\n"},
      {"no_message_id", "From: a@example.org\r\n\r\nbody\r\n"},
      {"no_header", "\r\nbody only\r\n"},
      {"group_to", "To: a:\r\nFrom: a@example.org\r\n\r\nbody\r\n"},
      {"undisclosed", "To: Undisclosed recipients:\r\nFrom: a@example.org\r\n\r\nbody\r\n"},
      {"nuls", "From: a\0@example.org\r\nSubject: \0\0\r\n\r\nbo\0dy\r\n\0"s},
      {"all_nul", std::string(100'000, '\0')},
      {"all_bytes",
       [] {
         std::string all;
         for (int i = 0; i < 65'536; ++i) all += static_cast<char>(i * 7 + (i >> 8));
         return all;
       }()},
      {"header_of_1_mb", "Subject: " + std::string(1U << 20U, 'a') + "\r\n\r\nbody\r\n"},
      {"folded_header_of_1_mb",
       [] {
         std::string raw = "Subject: a";
         for (int i = 0; i < 16'384; ++i) raw += "\r\n " + std::string(60, 'b');
         return raw + "\r\n\r\nbody\r\n";
       }()},
      {"fields_1_mb",
       [] {
         std::string raw;
         for (int i = 0; i < 50'000; ++i) raw += "X-Field-" + std::to_string(i) + ": value\r\n";
         return raw + "\r\nbody\r\n";
       }()},
      {"50000_levels", nested(50'000)},
      {"50000_messages", many_messages},
      {"500000_parts", parts},
      {"20000_recipients", recipients + "\r\n\r\nx"},
      {"100000_words", words + "\r\n\r\nx"},
      {"million_parentheses",
       "From: " + std::string(60'000, '(') + "\r\n\r\n" + std::string(1'000'000, '(')},
      {"one_line_of_20_mb", "Subject: x\r\n\r\n" + std::string(20U << 20U, 'y')},
      {"text_of_40_mb", "Subject: x\r\n\r\n" +
                            [] {
                              std::string text;
                              while (text.size() < (39U << 20U))
                                text += "> quoted\r\nmine \x93 and 8-bit\r\n";
                              return text;
                            }()},
      {"control_characters_of_30_mb", "Subject: x\r\n\r\n" + std::string(30U << 20U, '\x01')},
      {"60_mb", "Subject: huge\r\n\r\n" + std::string(60U << 20U, 'z')},
  };
}

TEST(ParserChild, HostileMailsGiveAMailWithinLimitsAndTheNextIsRead) {
  ParserChild child;
  for (const Hostile& hostile : hostile_mails()) {
    SCOPED_TRACE(hostile.name);
    const auto begun = std::chrono::steady_clock::now();
    const auto mail = child.parse(hostile.raw);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begun);
    ASSERT_TRUE(mail);
    std::cout << hostile.name << ": " << ms.count() << " ms " << mail->unparsed_because << "\n";
    RecordProperty(hostile.name, std::to_string(ms.count()) + " ms " + mail->unparsed_because);
    for (const char* own : {"crashed", "garbled", "too_slow", "too_much_memory"})
      EXPECT_NE(mail->unparsed_because, own);
    EXPECT_TRUE(is_valid_utf8(mail->text));
    EXPECT_TRUE(is_valid_utf8(mail->subject));
    EXPECT_EQ(mail->content_sha256.size(), 64U);
    EXPECT_TRUE(to_json(*mail) == to_json(mail::parse(hostile.raw))) << "as without a cage";
    expect_understood(child.parse(kMail));
  }
}

}  // namespace
}  // namespace trust::cage
