// SEC-23 and SEC-24: what a hostile server says is never read past its end, and what a
// configuration names cannot become a command. A sanitizer build gives the first its edge:
// tests/sanitized.
#include <gtest/gtest.h>

#include "lib/imap/imap_mailbox.h"
#include "lib/mail/mailbox.h"
#include "tests/fakes/scripted_imap.h"

namespace trust::imap {
namespace {

using test::ImapScript;
using test::ScriptedImap;

constexpr std::uint64_t kMost = 10'000;

/// CVE-2017-1000257, CVE-2018-0500, CVE-2019-3823: what follows the reply's "* 1 FETCH (UID 3 ",
/// and then the server is gone.
struct Vector {
  const char* name;
  std::string reply;
  std::vector<std::string> mails = {};
};
std::ostream& operator<<(std::ostream& out, const Vector& row) { return out << row.name; }
const Vector kVectors[] = {
    {"ZeroLiteralAtTheEnd", "BODY[] {0}\r\n"},
    {"ZeroLiteral", "RFC822.SIZE 0 BODY[] {0}\r\n)\r\n$ OK\r\n", {""}},
    {"ZeroLiteralThatLies", "RFC822.SIZE 4 BODY[] {0}\r\n)\r\n$ OK\r\n"},
    {"ZeroLiteralThenBytes", "BODY[] {0}\r\nmore)\r\n$ OK\r\n"},
    {"ZeroLiteralWithoutLineEnd", "BODY[] {0}"},
    {"LiteralWithoutLineEnd", "BODY[] {4}"},
    {"LiteralOneByteShort", "RFC822.SIZE 4 BODY[] {4}\r\nfiv"},
    {"LiteralWithoutParenthesis", "RFC822.SIZE 4 BODY[] {4}\r\nfive"},
    {"LiteralOfTheLargestNumber", "BODY[] {18446744073709551615}\r\nfive)\r\n$ OK\r\n"},
    {"LiteralBeyondTheLargestNumber", "BODY[] {18446744073709551616}\r\nfive)\r\n$ OK\r\n"},
    {"LiteralOfLessThanNothing", "BODY[] {-1}\r\nfive)\r\n$ OK\r\n"},
    {"LiteralOfNoNumber", "BODY[] {}\r\nfive)\r\n$ OK\r\n"},
    {"LiteralNotClosed", "BODY[] {4\r\nfive)\r\n$ OK\r\n"},
    {"LiteralOfLiterals", "BODY[] {4}\r\n{0}\r\n"},
    {"QuotedNotClosed", "BODY[] \"five"},
    {"QuotedEndsInABackslash", "BODY[] \"five\\"},
    {"QuotedEndsInABackslashAndALine", "BODY[] \"five\\\r\n$ OK\r\n"},
    {"ParenthesisOnly", "("},
    {"NothingAtAll", ""},
    {"CarriageReturnOnly", "BODY[] {4}\r"},
    {"NulBytes", std::string{"BODY[] \0\0\0\r\n$ OK\r\n", 19}},
};

class Sec23 : public testing::TestWithParam<Vector> {};
INSTANTIATE_TEST_SUITE_P(Replies, Sec23, testing::ValuesIn(kVectors),
                         [](const auto& row) { return row.param.name; });

TEST_P(Sec23, NothingIsReadThatWasNotSent) {
  for (const std::size_t piece : {1, 2, 3, 5, 65536}) {
    ImapScript script = ImapScript::folder(1);
    script.piece = piece;
    script.then = ImapScript::Silence::hangs_up;
    script.on("UID FETCH 3 ", "* 1 FETCH (UID 3 " + GetParam().reply);
    auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
    ASSERT_TRUE(made && (*made)->open("INBOX"));
    std::vector<std::string> mails;
    const Status done = (*made)->fetch({{{3, 4, {}}}}, kMost, [&](const mail::FetchedMail& mail) {
      mails.push_back(mail.raw);
      return ok();
    });
    EXPECT_EQ(mails, GetParam().mails) << "in pieces of " << piece;
    EXPECT_TRUE(done || done.error().fault() == Fault::unavailable);
  }
}

/// Whether a server that believes in literals would wait for more after this line.
bool opens_a_literal(const std::string& line) {
  const std::size_t open = line.rfind('{');
  return line.ends_with("}") && open != std::string::npos &&
         line.find_first_not_of("0123456789+", open + 1) == line.size() - 1;
}

// CVE-2026-35538 and its kin.
TEST(ImapMailbox, Sec24FolderNamesAreQuotedOrRefusedAndNeverACommand) {
  ASSERT_TRUE(opens_a_literal("a1 EXAMINE x{3+}")) << "what an unquoted name would do";
  struct Name {
    std::string name, on_the_wire;  ///< "": refused, and nothing is said
  };
  const Name kNames[] = {
      {"a\"b", R"("a\"b")"},
      {"a\\", R"("a\\")"},
      {"x{3+}", R"("x{3+}")"},
      {"x{3}", R"("x{3}")"},
      {"INBOX\" (CONDSTORE", R"("INBOX\" (CONDSTORE")"},
      {"*", R"("*")"},
      {"", R"("")"},
      {"INBOX\r\na2 DELETE INBOX", ""},
      {"x{3+}\r\nabc", ""},
      {"a\nb", ""},
      {std::string{"a\0b", 3}, ""},
      {"a\x7F", ""},
      {"\xFF", ""},
      {std::string(1'001, 'x'), ""},
  };
  for (const Name& row : kNames) {
    SCOPED_TRACE(row.name);
    ImapScript script = ImapScript::folder(1);
    auto made = ImapMailbox::over(std::make_unique<ScriptedImap>(script));
    ASSERT_TRUE(made);
    const std::size_t before = script.heard.size();
    const auto opened = (*made)->open(row.name);
    if (row.on_the_wire.empty()) {
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().fault(), Fault::invalid);
      EXPECT_EQ(script.heard.size(), before);
      continue;
    }
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_EQ(script.heard.back(), "EXAMINE " + row.on_the_wire);
    for (const std::string& line : script.heard) EXPECT_FALSE(opens_a_literal(line)) << line;
  }
}

}  // namespace
}  // namespace trust::imap
