#include "lib/base/token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "lib/base/file.h"
#include "lib/base/id.h"
#include "lib/base/text.h"
#include "tests/lib/base/temporary_folder.h"

namespace trust {
namespace {

TEST(Digests, MatchThePublishedVectors) {
  // FIPS 180-4 example "abc"; RFC 4231 test case 2.
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_base32("foobar"), "mzxw6ytboi");  // RFC 4648 section 10, lower case, no padding
  EXPECT_EQ(from_base32("MZXW6YTBOI"), "foobar");
  for (const std::string_view bad : {"m", "mz1", "mzxw6ytbo", "mzxw 6"})
    EXPECT_EQ(from_base32(bad), "") << bad;
}

TEST(Ids, AreRandomAndOfTheirAlphabet) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_id());
  EXPECT_EQ(seen.size(), 1000U);
  for (const std::string& id : seen) EXPECT_EQ(id.size(), 26U);
  EXPECT_EQ(random_crockford(500).find_first_of("ILOUilou"), std::string::npos);
}

TEST(Token, OnlyItsOwnPurposeAndKeyVerify) {
  const Keyring ring = Keyring::from_secret("one");
  const std::string id = "TM-ABCDEF0";
  const std::string token = ring.sign(Purpose::case_id, id);
  EXPECT_EQ(token.size(), 34U);
  EXPECT_EQ(ring.verify(Purpose::case_id, token), id);
  EXPECT_EQ(ring.verify(Purpose::case_id, replace_all(token, "a", "A")), id)
      << "mail systems may change the case of a local part";
  for (const Purpose other : {Purpose::staff, Purpose::unsubscribe, Purpose::manage, Purpose::verp})
    EXPECT_FALSE(ring.verify(other, token));
  EXPECT_FALSE(Keyring::from_secret("two").verify(Purpose::case_id, token));
}

TEST(Token, EveryChangedCharacterIsNoticed) {
  const Keyring ring = Keyring::from_secret("one");
  const std::string token = ring.sign(Purpose::verp, "ten bytes.");
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'b' ? 'c' : 'b';
    EXPECT_FALSE(ring.verify(Purpose::verp, changed)) << i;
  }
  for (const std::string_view bad : {"", "a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_FALSE(ring.verify(Purpose::verp, bad)) << bad;
  EXPECT_FALSE(ring.verify(Purpose::verp, token + "a"));
  EXPECT_FALSE(ring.verify(Purpose::verp, token.substr(1)));
}

TEST(Keyring, IsMadeOnceAndKeepsItsSecretsPrivate) {
  const TemporaryFolder folder;
  EXPECT_EQ(Keyring::load(folder.path()).error().fault(), Fault::not_found);
  const auto made = Keyring::load_or_create(folder.path());
  ASSERT_TRUE(made);
  struct stat info {};
  ASSERT_EQ(::stat((folder.path() + "/keyring").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto again = Keyring::load_or_create(folder.path());
  ASSERT_TRUE(again);
  EXPECT_EQ(made->check_value(), again->check_value());
}

TEST(Keyring, AnOlderKeyStillVerifiesAndDigestsStayTheSame) {
  const TemporaryFolder folder;
  const auto before = Keyring::load_or_create(folder.path());
  ASSERT_TRUE(before);
  const std::string token = before->sign(Purpose::case_id, "ten bytes.");
  const auto text = read_file(folder.path() + "/keyring");
  ASSERT_TRUE(text);
  ASSERT_TRUE(write_file_durably(folder.path() + "/keyring",
                                 *text + "2 " + to_base32(std::string(32, 'k')) + "\n"));
  const auto after = Keyring::load(folder.path());
  ASSERT_TRUE(after);
  EXPECT_TRUE(after->verify(Purpose::case_id, token));
  EXPECT_NE(after->sign(Purpose::case_id, "ten bytes."), token);
  EXPECT_EQ(after->digest("bytes", "x"), before->digest("bytes", "x"));
  EXPECT_NE(after->digest("bytes", "x"), after->digest("content", "x"));
}

TEST(Keyring, RefusesWhatOthersCanReadOrWhatIsDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/keyring";
  ASSERT_TRUE(Keyring::load_or_create(folder.path()));
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(Keyring::load(folder.path()).error().fault(), Fault::invalid);
  for (const std::string_view bad : {"", "1\n", "x y\n", "1 abc\n", "0 x\n", "1x abcdef\n"}) {
    ASSERT_TRUE(write_file_durably(path, bad));
    const auto loaded = Keyring::load(folder.path());
    ASSERT_FALSE(loaded) << bad;
    EXPECT_EQ(loaded.error().fault(), Fault::invalid) << bad;
  }
}

}  // namespace
}  // namespace trust
