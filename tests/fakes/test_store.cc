#include "tests/fakes/test_store.h"

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "lib/base/id.h"

namespace trust::test {

namespace {

/// The server that tests/run started, as "postgresql://user@host:port/" without a database name.
std::string postgres_server() {
  const char* given = std::getenv("TRUST_TEST_POSTGRES");
  if (given == nullptr)
    throw std::runtime_error{"TRUST_TEST_POSTGRES is not set: run the tests by tests/run"};
  const std::string url{given};
  return url.substr(0, url.rfind('/') + 1);
}

void on_server(const std::string& statement) {
  auto connection = store::Database::at(postgres_server() + "postgres")->connect();
  if (!connection) throw std::runtime_error{connection.error().text()};
  const Status done = connection->execute(store::Sql{"test_database", statement});
  if (!done) throw std::runtime_error{done.error().text()};
}

}  // namespace

TestStore::TestStore(const std::string& engine, std::span<const store::Migration> schema) {
  std::string pattern = (std::filesystem::temp_directory_path() / "trust-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
  folder_ = pattern;
  if (engine == "SQLite") {
    url_ = "sqlite:" + folder_ + "/test.db";
  } else {
    database_name_ = "t_" + random_id();
    on_server("CREATE DATABASE " + database_name_);
    url_ = postgres_server() + database_name_;
  }
  if (schema.empty()) return;
  store::Connection connection = connect();
  if (const Status done = store::migrate(connection, schema); !done)
    throw std::runtime_error{done.error().text()};
}

TestStore::~TestStore() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  if (!database_name_.empty())
    on_server("DROP DATABASE IF EXISTS " + database_name_ + " WITH (FORCE)");
}

store::Database TestStore::database() const { return *store::Database::at(url_); }

store::Connection TestStore::connect() const {
  auto connection = database().connect();
  if (!connection) throw std::runtime_error{connection.error().text()};
  return *std::move(connection);
}

void make_read_only(store::Connection& connection, const std::string& path, bool read_only) {
  if (connection.engine() == store::Engine::postgresql) {
    const auto name = connection.query_one(store::Sql{"name", "SELECT current_database()", "t"});
    on_server("ALTER DATABASE " + (*name)[0].text() +
              " SET default_transaction_read_only = " + (read_only ? "on" : "off"));
    return;
  }
  constexpr store::Sql kEmptyTheLog{"empty_the_log", "PRAGMA wal_checkpoint(TRUNCATE)", "i"};
  constexpr std::streamoff kWriteVersion = 18;  // sqlite.org/fileformat2.html 1.3
  if (!connection.query(kEmptyTheLog)) throw std::runtime_error{"the log cannot be emptied"};
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(kWriteVersion).put(read_only ? 3 : 2);
  if (!file.flush()) throw std::runtime_error{"not written: " + path};
}

}  // namespace trust::test
