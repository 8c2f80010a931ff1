#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/store/sql.h"

namespace trust::store {

enum class Engine { sqlite, postgresql };

class Epoch;

/// One session with the store. Not for several threads at once; each thread opens its own.
/// Statements are prepared once and reused by name.
class Connection {
 public:
  struct Impl;
  static constexpr int kTries = 5;
  explicit Connection(std::unique_ptr<Impl> impl);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  Engine engine() const;

  /// Runs one statement and returns the rows it gives (`sql.columns` says their types).
  ///   conflict     a constraint said no
  ///   unavailable  locked, full, or the server is away; nothing happened
  ///   internal     anything else
  Result<Rows> query(const Sql& sql, const Values& values = {});
  /// The same for a statement whose rows nobody reads.
  Status execute(const Sql& sql, const Values& values = {});
  /// The first row. Fault::not_found, named after the statement, when there is none.
  Result<Row> query_one(const Sql& sql, const Values& values = {});

  /// Runs `body` in one transaction: committed if it returns success, rolled back otherwise.
  /// SQLite: BEGIN IMMEDIATE. Where the store was busy or two transactions collided, the whole body
  /// runs again, at most `tries` times in all, so it must have no effect outside the store.
  ///   outcome_unknown  the connection broke while committing
  Status transaction(const std::function<Status(Connection&)>& body, int tries = kTries);

 private:
  std::unique_ptr<Impl> impl_;
};

/// Where a store is: "sqlite:/path/file.db" or "postgresql://user@host:port/name?options".
class Database {
 public:
  /// Fault::invalid: not such a URL. `password` is handed to PostgreSQL only.
  static Result<Database> at(std::string_view url, std::string_view password = {});

  Engine engine() const { return engine_; }
  /// SQLite: the file's path; "" for PostgreSQL.
  const std::string& path() const { return path_; }
  /// A new session. SQLite: WAL, synchronous=FULL, secure_delete, foreign keys, 5 s busy time-out.
  Result<Connection> connect() const;

  /// Each session made from now on, also one that takes the place of a lost one, is first held
  /// against `epoch` (Epoch::admit); while that refuses it, so fails every statement.
  void hold_against(std::shared_ptr<Epoch> epoch) { epoch_ = std::move(epoch); }
  /// Null where nobody asked for it.
  const std::shared_ptr<Epoch>& epoch() const { return epoch_; }

 private:
  Engine engine_ = Engine::sqlite;
  std::string path_;
  std::string conninfo_;
  std::shared_ptr<Epoch> epoch_;
};

}  // namespace trust::store
