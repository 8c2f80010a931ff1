#include "lib/program/program_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/file.h"
#include "lib/store/meta_store.h"
#include "tests/fakes/test_store.h"

namespace trust::program {
namespace {

const store::Migration kOwn[] = {
    {"0002_own", "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);\n"}};
const store::Migration kNewer[] = {kOwn[0], {"0003_more", "CREATE TABLE more (x BIGINT);\n"}};

class ProgramStoreTest : public testing::TestWithParam<std::string> {
 protected:
  ProgramStore at(std::span<const store::Migration> schema = kOwn,
                  const std::string& state_dir = "state") const {
    config::StoreSettings settings;
    settings.url.text = store_.url();
    return {"trust-own", settings, folder(state_dir), schema};
  }
  std::string folder(const std::string& name) const { return store_.folder() + "/" + name; }
  static std::string refusal(const ProgramStore& store, Fault fault) {
    const auto opened = store.open();
    if (opened) return "opened";
    EXPECT_EQ(opened.error().fault(), fault);
    return opened.error().text();
  }

  test::TestStore store_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Stores, ProgramStoreTest, test::kBothStores, test::store_name);

TEST(ProgramStore, AMissingFileIsNotMadeByOpening) {
  const test::TestStore store{"SQLite"};
  config::StoreSettings settings;
  settings.url.text = "sqlite:" + store.folder() + "/db/own.db";
  const ProgramStore own{"trust-own", settings, store.folder() + "/state", kOwn};
  const auto opened = own.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault(), Fault::not_found);
  EXPECT_EQ(opened.error().text(), "store.url: " + store.folder() +
                                       "/db/own.db: no such file; run `trust-own migrate` to make "
                                       "it");
  EXPECT_FALSE(std::filesystem::exists(store.folder() + "/db"));
}

TEST_P(ProgramStoreTest, MigrateMakesWhatOpenNeedsAndMayBeRepeated) {
  ASSERT_TRUE(at().migrate());
  const auto keys = read_file(folder("state/keyring"));
  ASSERT_TRUE(keys);
  ASSERT_TRUE(at().migrate());
  EXPECT_EQ(*read_file(folder("state/keyring")), *keys);
  EXPECT_TRUE(at().open());
  EXPECT_EQ(at().schema_version(), 2U);
}

TEST_P(ProgramStoreTest, ASchemaOfAnotherVersionIsRefusedWithWhatToRun) {
  ASSERT_TRUE(at().migrate());
  EXPECT_NE(refusal(at(kNewer), Fault::conflict).find("(trust-own migrate)"), std::string::npos);
  ASSERT_TRUE(at(kNewer).migrate());
  EXPECT_TRUE(at(kNewer).open());
  EXPECT_NE(refusal(at(), Fault::conflict), "opened");
  const Status older = at().migrate();
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().fault(), Fault::conflict);
}

// Died between schema and mark: `open` must not take just any keyring for the store's own.
TEST_P(ProgramStoreTest, AStoreWithoutTheMarkOfItsKeysIsRefusedUntilMigrateGoesOn) {
  ASSERT_TRUE(at().migrate());
  auto opened = at().open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->connection.execute({"unmark", "DELETE FROM meta", ""}));
  EXPECT_EQ(refusal(at(), Fault::conflict),
            "the store knows no keyring yet; run `trust-own migrate`");
  ASSERT_TRUE(at().migrate());
  EXPECT_TRUE(at().open());
}

TEST_P(ProgramStoreTest, LostOrForeignKeysAreNeverReplaced) {
  ASSERT_TRUE(at().migrate());
  EXPECT_EQ(at(kOwn, "other").migrate().error().fault(), Fault::not_found);
  EXPECT_FALSE(std::filesystem::exists(folder("other/keyring")));
  ASSERT_TRUE(Keyring::load_or_create(folder("other")));
  EXPECT_NE(refusal(at(kOwn, "other"), Fault::conflict).find("is not the one this store was made"),
            std::string::npos);
  EXPECT_EQ(at(kOwn, "other").migrate().error().fault(), Fault::conflict);
  EXPECT_NE(refusal(at(kOwn, "nowhere"), Fault::not_found).find("restore it from the backup"),
            std::string::npos);
}

TEST(MetaStore, ATimeIsReadBackAndNonsenseIsNone) {
  const test::TestStore store{"SQLite", kOwn};
  auto connection = store.connect();
  store::MetaStore facts{connection};
  EXPECT_EQ(*facts.time(store::Fact::last_look), std::nullopt);
  ASSERT_TRUE(facts.put(store::Fact::last_look, from_epoch_ms(1'700'000'000'123)));
  EXPECT_EQ(*facts.time(store::Fact::last_look), from_epoch_ms(1'700'000'000'123));
  ASSERT_TRUE(facts.put(store::Fact::last_look, "soon"));
  EXPECT_EQ(*facts.time(store::Fact::last_look), std::nullopt);
}

}  // namespace
}  // namespace trust::program
