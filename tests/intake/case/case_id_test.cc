#include "intake/case/case_id.h"

#include <gtest/gtest.h>

#include <set>

namespace trust::intake {
namespace {

const Keyring kOurs = Keyring::from_secret("ours");
const Keyring kForeign = Keyring::from_secret("another installation's");
const std::string kAddress = "security@example.org";

TEST(CaseId, IsTmAndSixCrockfordCharacters) {
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    const std::string id = new_case_id();
    ASSERT_EQ(id.size(), 9U);
    EXPECT_TRUE(id.starts_with("TM-"));
    EXPECT_EQ(id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 3), std::string::npos);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 200U);
}

TEST(CaseToken, NamesItsCaseAndFitsALocalPart) {
  const std::string token = case_token(kOurs, "TM-ABC123");
  EXPECT_EQ(case_of_token(kOurs, token), "TM-ABC123");
  EXPECT_EQ(case_of_token(kForeign, token), std::nullopt);
  const std::string address = tokened_address(address_pattern(kAddress), token);
  EXPECT_EQ(address, "security+" + token + "@example.org");
  EXPECT_LE(address.find('@'), 64U);
}

TEST(CaseToken, NoTokenOfAnotherPurposePasses) {
  std::string id = "TM-ABC123";
  id.resize(10, '\0');
  for (const Purpose purpose :
       {Purpose::staff, Purpose::unsubscribe, Purpose::manage, Purpose::verp})
    EXPECT_EQ(case_of_token(kOurs, kOurs.sign(purpose, id)), std::nullopt);
}

struct Row {
  const char* name;
  std::vector<std::string> addresses;
  std::vector<std::string> ids;
  std::optional<std::string> case_id;
  bool forged;
};

class FindToken : public testing::TestWithParam<Row> {};

TEST_P(FindToken, ReadsAddressesAndIds) {
  const Row& row = GetParam();
  const TokenProof proof = find_token(
      kOurs, {address_pattern(kAddress), "help+{token}@example.net"}, row.addresses, row.ids);
  EXPECT_EQ(proof.case_id, row.case_id);
  EXPECT_EQ(proof.forged, row.forged);
}

const std::string kToken = case_token(kOurs, "TM-AAAAAA");
const std::string kOther = case_token(kOurs, "TM-BBBBBB");
const std::string kForged = case_token(kForeign, "TM-AAAAAA");
std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FindToken,
    testing::Values(
        Row{"Nothing", {kAddress}, {"x@example.org"}, std::nullopt, false},
        Row{"Address", {"security+" + kToken + "@example.org"}, {}, "TM-AAAAAA", false},
        Row{"ReplyToPattern", {"help+" + kToken + "@example.net"}, {}, "TM-AAAAAA", false},
        Row{"AddressOfAnotherDomain",
            {"security+" + kToken + "@example.com"},
            {},
            std::nullopt,
            false},
        Row{"MessageId", {}, {"tm-" + kToken + ".abc@example.org"}, "TM-AAAAAA", false},
        Row{"ThreadReference", {}, {"tm-" + kToken + "@example.org"}, "TM-AAAAAA", false},
        Row{"UpperCased", {}, {upper("tm-" + kToken + "@example.org")}, "TM-AAAAAA", false},
        Row{"ShortToken", {}, {"tm-abc@example.org", "tm-", "tm-@"}, std::nullopt, false},
        Row{"TokenThenMore", {}, {"tm-" + kToken + "xx@example.org"}, std::nullopt, false},
        Row{"AddressBeforeIds",
            {"security+" + kOther + "@example.org"},
            {"tm-" + kToken + "@example.org"},
            "TM-BBBBBB",
            false},
        Row{"Forged", {}, {"tm-" + kForged + "@example.org"}, std::nullopt, true},
        Row{"OneBitOff",
            {"security+" + kToken.substr(0, 33) + "q@example.org"},
            {},
            std::nullopt,
            true},
        Row{"ForgedAndGood",
            {},
            {"tm-" + kForged + "@example.org", "tm-" + kToken + "@example.org"},
            "TM-AAAAAA",
            true}),
    [](const auto& row) { return row.param.name; });

TEST(WithoutExtension, MakesVariantsOfAnAddressOne) {
  EXPECT_EQ(without_extension("ann+x+y@example.org"), "ann@example.org");
  EXPECT_EQ(without_extension("ann@example.org"), "ann@example.org");
  EXPECT_EQ(without_extension("+ann@example.org"), "+ann@example.org");
  EXPECT_EQ(without_extension("ann@example+x.org"), "ann@example+x.org");
  EXPECT_EQ(without_extension(""), "");
}

}  // namespace
}  // namespace trust::intake
