// Mails out of files, as people's programs save them.
#include "intake/mailbox/mail_file.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace trust::intake {
namespace {

constexpr std::uint64_t kMost = 4U << 20U;

std::vector<MailFile::Mail> mails_of(const std::string& file, std::uint64_t most = kMost) {
  std::istringstream in{file};
  MailFile mails{in, most};
  std::vector<MailFile::Mail> all;
  while (auto mail = mails.next()) all.push_back(*std::move(mail));
  return all;
}

struct Row {
  const char* name;
  std::string file;
  std::vector<std::string> mails;
};

class MailFileTest : public testing::TestWithParam<Row> {};

TEST_P(MailFileTest, GivesTheBytesThatImapWouldGive) {
  const auto mails = mails_of(GetParam().file);
  ASSERT_EQ(mails.size(), GetParam().mails.size());
  for (std::size_t i = 0; i < mails.size(); ++i) {
    EXPECT_EQ(mails[i].raw, GetParam().mails[i]);
    EXPECT_EQ(mails[i].size, mails[i].raw.size());
    EXPECT_FALSE(mails[i].truncated);
  }
}

const std::string kLong(70'000, 'x');

INSTANTIATE_TEST_SUITE_P(
    Files, MailFileTest,
    testing::Values(Row{"Empty", "", {}},
                    Row{"OneMail", "A: 1\r\n\r\nhi\r\n", {"A: 1\r\n\r\nhi\r\n"}},
                    Row{"BareLf", "A: 1\n\nhi\n", {"A: 1\r\n\r\nhi\r\n"}},
                    Row{"NoLastLineEnd", "A: 1\n\nhi", {"A: 1\r\n\r\nhi"}},
                    Row{"FromInAnOrdinaryFileIsText",
                        "A: 1\n\n\nFrom x\n>From y\n",
                        {"A: 1\r\n\r\n\r\nFrom x\r\n>From y\r\n"}},
                    Row{"Mbox",
                        "From a Mon\nA: 1\n\nhi\n\nFrom b Tue\nB: 2\n\nho\n\n",
                        {"A: 1\r\n\r\nhi\r\n", "B: 2\r\n\r\nho\r\n"}},
                    Row{"MboxOfCrlf",
                        "From a Mon\r\nA: 1\r\n\r\nhi\r\n\r\nFrom b Tue\r\nB: 2\r\n\r\n",
                        {"A: 1\r\n\r\nhi\r\n", "B: 2\r\n"}},
                    Row{"FromInsideAParagraph",
                        "From a\nA: 1\n\nhi\nFrom here on\n",
                        {"A: 1\r\n\r\nhi\r\nFrom here on\r\n"}},
                    Row{"QuotedFrom",
                        "From a\nA: 1\n\n>From x\n>>From y\n> From z\n",
                        {"A: 1\r\n\r\nFrom x\r\n>From y\r\n> From z\r\n"}},
                    Row{"BlankLinesOfTheText",
                        "From a\nA: 1\n\nhi\n\n\n\nFrom b\nB: 2\n\n",
                        {"A: 1\r\n\r\nhi\r\n\r\n\r\n", "B: 2\r\n"}},
                    Row{"EmptyMails", "From a\nFrom b\nB: 2\n", {"", "B: 2\r\n"}},
                    Row{"LongLine", "A: 1\n\n" + kLong + "\n", {"A: 1\r\n\r\n" + kLong + "\r\n"}},
                    Row{"CrlfCutByAPiece",
                        std::string(65535, 'x') + "\r\nend\r\n",
                        {std::string(65535, 'x') + "\r\nend\r\n"}},
                    Row{"FromDeepInALongLine",
                        "From a\nA: 1\n\n" + std::string(65536, 'x') + "From y\n",
                        {"A: 1\r\n\r\n" + std::string(65536, 'x') + "From y\r\n"}}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(MailFile, KeepsTheFirstMebibyteOfAMailOverTheLimit) {
  std::string file = "From a\nA: 1\n\n";
  for (int i = 0; i < 80'000; ++i) file += std::string(63, 'x') + "\n";
  file += "\nFrom b\nB: 2\n";
  const auto mails = mails_of(file);
  ASSERT_EQ(mails.size(), 2U);
  EXPECT_TRUE(mails[0].truncated);
  EXPECT_EQ(mails[0].raw.size(), 1U << 20U);
  EXPECT_EQ(mails[0].size, 8U + 80'000U * 65U);
  EXPECT_EQ(mails[1].raw, "B: 2\r\n");
}

}  // namespace
}  // namespace trust::intake
