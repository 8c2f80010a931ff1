#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>

#include "lib/store/migrate.h"

namespace trust::test {

/// An empty store of its own, gone with the object: a SQLite file in a temporary folder, or a new
/// database in the PostgreSQL that tests/run started (named by TRUST_TEST_POSTGRES).
class TestStore {
 public:
  explicit TestStore(const std::string& engine, std::span<const store::Migration> schema = {});
  ~TestStore();
  TestStore(const TestStore&) = delete;
  TestStore& operator=(const TestStore&) = delete;

  const std::string& url() const { return url_; }
  store::Database database() const;
  store::Connection connect() const;
  /// A folder of this store's own, for keyrings and the like.
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::string url_;
  std::string database_name_;
};

/// INSTANTIATE_TEST_SUITE_P(Stores, X, kBothStores, store_name): every store test runs on both.
inline const auto kBothStores = testing::Values(std::string{"SQLite"}, std::string{"PostgreSQL"});
inline std::string store_name(const testing::TestParamInfo<std::string>& row) { return row.param; }

/// Makes a store one that new connections can only read, whoever they are (mode bits refuse root
/// nothing). `path` is a SQLite file's: what has a newer format than SQLite knows is not written.
void make_read_only(store::Connection& connection, const std::string& path, bool read_only);

}  // namespace trust::test
