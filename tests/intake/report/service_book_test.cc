#include "intake/report/service_book.h"

#include <gtest/gtest.h>

#include <chrono>

#include "lib/base/file.h"
#include "tests/fakes/cpu_time.h"

namespace trust::intake {
namespace {

ServiceBook shipped() { return *ServiceBook::from_json(*read_file("config/services.json")); }

struct Case {
  const char* name;
  const char* text;
  std::vector<std::string> ids;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class FindTest : public testing::TestWithParam<Case> {};

TEST_P(FindTest, NamesTheServicesOfThePublicPage) {
  static const ServiceBook book = shipped();
  EXPECT_EQ(book.find(GetParam().text), GetParam().ids);
}

const Case kCases[] = {
    {"Names",
     "WraithVPN, Haven DNS, Sigil auth and Vaultyx sync",
     {"wraithvpn", "haven-dns", "sigil", "vaultyx"}},
    {"Case", "HAVEN dns", {"haven-dns"}},
    {"WrappedName", "Haven\r\n  DNS", {"haven-dns"}},
    {"ShortName", "My Haven app", {"haven-dns"}},
    {"Possessive", "Haven's answers", {"haven-dns"}},
    {"Quoted", "“Haven”, (Sigil)", {"haven-dns", "sigil"}},
    {"NoBlanksAround", "在Haven上", {"haven-dns"}},
    {"Node", "vpn-nbg-01 is down", {"wraithvpn"}},
    {"NodeAsHost", "VPN-FRA-12.katafract.io:51820", {"wraithvpn"}},
    {"Host", "https://admin.katafract.io/login fails", {"admin"}},
    {"HostAtTheEndOfASentence", "Nothing at api.katafract.com.", {"artemis"}},
    {"Website", "katafract.com shows an error", {"website"}},
    {"Slug", "2026-03-01-haven-dns-timeouts", {"haven-dns"}},
    {"Havent", "I haven't, I haven’t, I HAVEN'T, havent", {}},
    {"InsideAWord", "sigils havens mosaics vaultyxx", {}},
    {"OurAddress", "I wrote to security@katafract.com", {}},
    {"OtherHost", "katafract.com.evil.example and evil-katafract.com.example, xkatafract.com", {}},
    {"SubHostIsNotTheSite", "foo.katafract.com", {}},
    {"NotANode", "vpn-nbg, vpn--01, vpn-1-01, xvpn-nbg-01", {}},
    {"AccentedWord", "Sigilé", {}},
    {"GenericWords", "vpn dns login newsletter docs", {}},
    {"Empty", "", {}},
};
INSTANTIATE_TEST_SUITE_P(Report, FindTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(ServiceBook, KnowsEveryServiceOfThePublicPage) {
  const ServiceBook book = shipped();
  for (const char* name :
       {"WraithVPN", "Haven DNS", "Sigil", "Vaultyx", "admin.katafract.io", "api.katafract.com",
        "auth.katafract.com", "secrets.katafract.io", "mesh.katafract.io", "connect.katafract.com",
        "lists.katafract.io", "docs.katafract.io", "katafract.com", "s3.objstore.io", "SafeOpen",
        "DocArmor", "ExifArmor", "ParkArmor", "Mosaic"})
    EXPECT_EQ(book.find(name).size(), 1U) << name;
  EXPECT_EQ(book.name_of("haven-dns"), "Haven DNS");
  EXPECT_EQ(book.name_of("gone"), "gone");
}

TEST(ServiceBook, RefusesWhatIsWrongAndSaysWhat) {
  struct Wrong {
    const char *text, *says;
  };
  const Wrong wrongs[] = {
      {"", "must be"},
      {"[]", "must be"},
      {R"({"services": {}})", "must be"},
      {R"({"services": [1]})", "object"},
      {R"({"services": [{"name": "A"}]})", "needs an id"},
      {R"({"services": [{"id": "A b", "name": "A"}]})", "needs an id"},
      {R"({"services": [{"id": "a"}]})", "a needs a name"},
      {R"({"services": [{"id": "a", "name": ""}]})", "a name of a is empty"},
      {R"({"services": [{"id": "a", "name": "A", "aliases": "b"}]})", "lists"},
      {R"({"services": [{"id": "a", "name": "A", "nodes": [1]}]})", "lists"},
      {R"({"services": [{"id": "a", "name": "A", "nodes": ["<city>-1"]}]})", "node pattern"},
      {R"({"services": [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]})", "twice"},
      {R"({"services": [{"id": "a", "name": "A", "aliases": ["X"]}, {"id": "b", "name": "x"}]})",
       "another service"},
  };
  for (const Wrong& wrong : wrongs) {
    const auto book = ServiceBook::from_json(wrong.text);
    ASSERT_FALSE(book) << wrong.text;
    EXPECT_EQ(book.error().fault(), Fault::invalid);
    EXPECT_NE(book.error().text().find(wrong.says), std::string::npos) << book.error().text();
  }
}

TEST(ServiceBook, TimeIsLinear) {
  const ServiceBook book = shipped();
  for (const char* piece :
       {"haven ", "vpn-nbg-", "wraith        ", "katafract.", "h", "docs.katafract.i "}) {
    std::string text;
    while (text.size() < 4'000'000) text += piece;
    const test::CpuTime cpu;
    book.find(text);
    EXPECT_LT(cpu.spent(), std::chrono::seconds{1}) << piece;
  }
}

}  // namespace
}  // namespace trust::intake
