#include "lib/store/database.h"

#include <Poco/Data/LOB.h>
#include <Poco/Data/PostgreSQL/Connector.h>
#include <Poco/Data/PostgreSQL/PostgreSQLException.h>
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/Session.h>
#include <Poco/Data/Statement.h>
#include <Poco/Nullable.h>
#include <Poco/URI.h>

#include <array>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/store/epoch.h"

namespace trust::store {

namespace {

using Poco::Data::BLOB;
using Poco::Data::Statement;
namespace keywords = Poco::Data::Keywords;

constexpr std::size_t kLoginSeconds = 5;

void register_engines() {
  static std::once_flag once;
  std::call_once(once, [] {
    Poco::Data::SQLite::Connector::registerConnector();
    Poco::Data::PostgreSQL::Connector::registerConnector();
  });
}

/// The SQLSTATE class that Poco 1.11 offers only inside its text.
std::string sqlstate_of(const Poco::Data::PostgreSQL::PostgreSQLException& e) {
  const std::string text = e.displayText();
  const std::size_t at = text.find(" State: ");
  return at == std::string::npos ? std::string{} : text.substr(at + 8, 5);
}

Fault fault_of_sqlstate(const std::string& state) {
  if (state.starts_with("23")) return Fault::conflict;
  // Serialisation, deadlock, no connection, resources, time-outs and shutdown, disks, a lock that
  // is taken, a replica.
  for (const char* again : {"40", "08", "53", "57", "58", "55P03", "25006"})
    if (state.starts_with(again)) return Fault::unavailable;
  return Fault::internal;
}

/// The exception in flight, as an Error that carries the statement's name only.
Error failure_in_flight(std::string_view name) {
  const auto error = [&](Fault fault, const char* what) {
    return Error{fault, "store: " + std::string{name} + ": " + what};
  };
  try {
    throw;
  } catch (const Poco::Data::SQLite::ConstraintViolationException&) {
    return error(Fault::conflict, "constraint");
  } catch (const Poco::Data::SQLite::DBLockedException&) {
    return error(Fault::unavailable, "busy, locked by another process");
  } catch (const Poco::Data::SQLite::TableLockedException&) {
    return error(Fault::unavailable, "busy, locked by another process");
  } catch (const Poco::Data::SQLite::DatabaseFullException&) {
    return error(Fault::unavailable, "the disk is full");
  } catch (const Poco::Data::SQLite::IOErrorException&) {
    return error(Fault::unavailable, "the disk failed");
  } catch (const Poco::Data::SQLite::ReadOnlyException&) {
    return error(Fault::denied, "the file is read-only; check its owner");
  } catch (const Poco::Data::SQLite::CantOpenDBFileException&) {
    return error(Fault::unavailable, "the file cannot be opened; check the folder");
  } catch (const Poco::Data::SQLite::CorruptImageException&) {
    return error(Fault::internal, "the file is damaged; restore it from the backup");
  } catch (const Poco::Data::PostgreSQL::ConnectionException&) {
    return error(Fault::unavailable, "no connection");
  } catch (const Poco::Data::PostgreSQL::PostgreSQLException& e) {
    const std::string state = sqlstate_of(e);
    // A server that went away leaves no state.
    const Fault fault = state.empty() ? Fault::unavailable : fault_of_sqlstate(state);
    return error(fault, fault == Fault::conflict      ? "constraint"
                        : fault == Fault::unavailable ? "not now"
                                                      : "statement failed");
  } catch (const Poco::Data::ConnectionFailedException&) {
    return error(Fault::unavailable, "no connection");
  } catch (const std::exception&) {
    return error(Fault::internal, "failed");
  }
}

/// Storage for one value that Poco binds by reference: reused between executions.
struct Cell {
  Poco::Nullable<std::int64_t> number;
  Poco::Nullable<std::string> text;
  Poco::Nullable<BLOB> bytes;
};

enum class CellType { number, text, bytes };

CellType type_of(const Value& value) {
  switch (value.variant().index()) {
    case 1: return CellType::number;
    case 3: return CellType::bytes;
    default: return CellType::text;  // text, or NULL, which any type may be
  }
}

void put(Cell& cell, CellType type, const Value& value) {
  const bool null = value.is_null();
  switch (type) {
    case CellType::number:
      null ? void(cell.number.clear()) : void(cell.number = value.integer());
      return;
    case CellType::text:
      null ? void(cell.text.clear()) : void(cell.text = to_clean_utf8(value.text()));
      return;
    case CellType::bytes:
      if (null) {
        cell.bytes.clear();
        return;
      }
      const std::string& bytes = value.bytes();
      cell.bytes = BLOB{reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()};
      return;
  }
}

Value get(const Cell& cell, char column) {
  if (column == 'i') return cell.number.isNull() ? Value{} : Value{cell.number.value()};
  if (column == 't') return cell.text.isNull() ? Value{} : Value{cell.text.value()};
  if (cell.bytes.isNull()) return Value{};
  const BLOB& blob = cell.bytes.value();
  return Bytes{std::string{reinterpret_cast<const char*>(blob.rawContent()), blob.size()}};
}

/// A statement, prepared once, with the cells it is bound to.
struct Prepared {
  explicit Prepared(Poco::Data::Session& session) : statement{session} {}
  Statement statement;
  std::vector<CellType> types;
  std::vector<Cell> in;
  std::vector<Cell> out;
  bool has_run = false;
};

/// Poco 1.11's PostgreSQL executor frees its previous result when it runs again, and once more when
/// that run failed and it is destroyed. So a statement that failed after a success is never
/// destroyed: a few KiB for each failure, and what the server keeps goes with the connection.
void bury(std::unique_ptr<Prepared> failed) {
  static std::mutex mutex;
  static auto& buried = *new std::vector<std::unique_ptr<Prepared>>;
  const std::scoped_lock lock{mutex};
  buried.push_back(std::move(failed));
}

}  // namespace

struct Connection::Impl {
  Impl(Engine e, std::string t) : engine{e}, target{std::move(t)}, session{open()} {}

  Engine engine;
  std::string target;
  Poco::Data::Session session;
  std::unordered_map<std::string, std::unique_ptr<Prepared>> prepared;  ///< by text
  bool in_transaction = false;
  std::shared_ptr<Epoch> epoch;
  bool is_new = true;  ///< not held against the epoch yet

  Poco::Data::Session open() const {
    const bool sqlite = engine == Engine::sqlite;
    Poco::Data::Session opened{sqlite ? "SQLite" : "PostgreSQL", target, kLoginSeconds};
    // The server's notices would be printed on standard error.
    if (!sqlite) opened << "SET client_min_messages = error", keywords::now;
    return opened;
  }

  bool is_lost() { return engine == Engine::postgresql && !session.isConnected(); }

  /// A lost connection is opened anew, but never within a transaction: its first half is gone.
  void mend() {
    if (in_transaction || !is_lost()) return;
    prepared.clear();
    session = open();
    is_new = true;
  }

  Status admit(Connection& self) {
    if (!epoch || !std::exchange(is_new, false)) return ok();
    Status admitted = epoch->admit(self);
    if (!admitted) is_new = true;
    return admitted;
  }

  /// Prepared anew when a parameter changes its type (NULL fits any).
  Prepared& prepare(const Sql& sql, const Values& values) {
    std::unique_ptr<Prepared>& slot = prepared[std::string{sql.text}];
    const auto fits = [&] {
      if (!slot || slot->types.size() != values.size()) return false;
      for (std::size_t i = 0; i < values.size(); ++i)
        if (!values[i].is_null() && type_of(values[i]) != slot->types[i]) return false;
      return true;
    };
    if (fits()) return *slot;
    slot = std::make_unique<Prepared>(session);
    Prepared& p = *slot;
    p.in.resize(values.size());
    p.out.resize(sql.columns.size());
    p.statement << std::string{sql.text};
    for (std::size_t i = 0; i < values.size(); ++i) {
      p.types.push_back(type_of(values[i]));
      put(p.in[i], p.types[i], values[i]);
      switch (p.types[i]) {
        case CellType::number: p.statement, keywords::use(p.in[i].number); break;
        case CellType::text: p.statement, keywords::use(p.in[i].text); break;
        case CellType::bytes: p.statement, keywords::use(p.in[i].bytes); break;
      }
    }
    for (std::size_t i = 0; i < sql.columns.size(); ++i) {
      if (sql.columns[i] == 'i')
        p.statement, keywords::into(p.out[i].number);
      else if (sql.columns[i] == 't')
        p.statement, keywords::into(p.out[i].text);
      else
        p.statement, keywords::into(p.out[i].bytes);
    }
    if (!sql.columns.empty()) p.statement, keywords::range(0, 1);
    return p;
  }

  Rows run(const Sql& sql, const Values& values) {
    Prepared& p = prepare(sql, values);
    for (std::size_t i = 0; i < values.size(); ++i) put(p.in[i], p.types[i], values[i]);
    Rows rows;
    if (sql.columns.empty()) {
      p.statement.execute();
      p.has_run = true;
      return rows;
    }
    do {
      const std::size_t got = p.statement.execute();
      p.has_run = true;
      if (got == 0) break;
      Row row;
      row.reserve(p.out.size());
      for (std::size_t i = 0; i < p.out.size(); ++i) row.push_back(get(p.out[i], sql.columns[i]));
      rows.push_back(std::move(row));
    } while (!p.statement.done());
    return rows;
  }

  Result<Rows> try_run(Connection& self, const Sql& sql, const Values& values) {
    try {
      mend();
      if (Status admitted = admit(self); !admitted) return admitted.error();
      return run(sql, values);
    } catch (const std::exception&) {
      Error error = failure_in_flight(sql.name);
      if (is_lost())
        error = {Fault::unavailable, "store: " + std::string{sql.name} + ": no connection"};
      const auto failed = prepared.find(std::string{sql.text});
      if (failed != prepared.end()) {
        if (engine == Engine::postgresql && failed->second && failed->second->has_run)
          bury(std::move(failed->second));
        prepared.erase(failed);
      }
      if (error.fault() != Fault::conflict)
        log(Event::store_failed, {{"statement", sql.name}, {"fault", error.fault()}});
      return error;
    }
  }

  void roll_back() {
    try {
      session << "ROLLBACK", keywords::now;
    } catch (const std::exception&) {
      // The connection is gone, and with it the transaction.
    }
  }
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Engine Connection::engine() const { return impl_->engine; }

Result<Rows> Connection::query(const Sql& sql, const Values& values) {
  return impl_->try_run(*this, sql, values);
}

Status Connection::execute(const Sql& sql, const Values& values) {
  const Result<Rows> rows = impl_->try_run(*this, sql, values);
  return rows ? ok() : Status{rows.error()};
}

Result<Row> Connection::query_one(const Sql& sql, const Values& values) {
  Result<Rows> rows = query(sql, values);
  if (!rows) return rows.error();
  if (rows->empty())
    return Error{Fault::not_found, "store: " + std::string{sql.name} + ": no such row"};
  return std::move(rows->front());
}

Status Connection::transaction(const std::function<Status(Connection&)>& body, int tries) {
  assert(!impl_->in_transaction);
  const Sql begin{"begin", impl_->engine == Engine::sqlite ? "BEGIN IMMEDIATE" : "BEGIN"};
  constexpr Sql kCommit{"commit", "COMMIT"};
  for (int attempt = 1;; ++attempt) {
    Status done = execute(begin);
    if (done) {
      impl_->in_transaction = true;
      done = body(*this);
      if (done) {
        done = execute(kCommit);
        if (!done && impl_->engine == Engine::postgresql &&
            done.error().fault() == Fault::unavailable)
          done = Error{Fault::outcome_unknown, "store: the connection broke while committing"};
      }
      if (!done) impl_->roll_back();
      impl_->in_transaction = false;
    }
    if (done || done.error().fault() != Fault::unavailable || attempt >= tries) return done;
    const auto jitter = static_cast<unsigned char>(random_bytes(1)[0]);
    std::this_thread::sleep_for(std::chrono::milliseconds{attempt * 20 + jitter / 4});
  }
}

Result<Database> Database::at(std::string_view url, std::string_view password) {
  Database database;
  if (url.starts_with("sqlite:")) {
    database.path_ = url.substr(7);
    if (database.path_.starts_with("///")) database.path_.erase(0, 2);
    if (database.path_.empty()) return Error{Fault::invalid, "store.url: sqlite: needs a path"};
    return database;
  }
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://"))
    return Error{Fault::invalid, "store.url: write sqlite:/path or postgresql://user@host/name"};
  try {
    const Poco::URI uri{std::string{url}};
    database.engine_ = Engine::postgresql;
    std::string info;
    bool plain = true;
    const auto add = [&](const std::string& key, const std::string& value) {
      if (value.empty()) return;
      // Poco takes the text apart at blanks, so none may stand inside a value, quoted or not.
      plain = plain && (key + value).find_first_of(" \t\r\n\v\f'\\") == std::string::npos;
      info.append(info.empty() ? "" : " ").append(key).append("=").append(value);
    };
    add("host", uri.getHost());
    add("port", std::to_string(uri.getPort() == 0 ? 5432 : uri.getPort()));
    std::string user;
    Poco::URI::decode(uri.getUserInfo().substr(0, uri.getUserInfo().find(':')), user);
    add("user", user);
    if (!uri.getPath().empty()) add("dbname", uri.getPath().substr(1));
    add("connect_timeout", "5");
    for (const auto& [key, value] : uri.getQueryParameters()) add(key, value);
    if (!plain)
      return Error{Fault::invalid, "store.url: no part of it may hold a blank, a quote or a \\"};
    if (password.find_first_of(" \t\r\n\v\f") != std::string_view::npos)
      return Error{Fault::invalid,
                   "store.password_file: a password with blanks cannot be handed to PostgreSQL; "
                   "choose one without"};
    if (!password.empty()) {
      const std::string escaped = replace_all(std::string{password}, "\\", "\\\\");
      info += " password='" + replace_all(escaped, "'", "\\'") + "'";
    }
    database.conninfo_ = info;
    return database;
  } catch (const std::exception&) {
    return Error{Fault::invalid, "store.url: not a URL; write postgresql://user@host:port/name"};
  }
}

Result<Connection> Database::connect() const {
  register_engines();
  try {
    const bool sqlite = engine_ == Engine::sqlite;
    auto impl = std::make_unique<Connection::Impl>(engine_, sqlite ? path_ : conninfo_);
    if (sqlite) {
      for (const char* pragma :
           {"PRAGMA busy_timeout=5000", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
            "PRAGMA secure_delete=ON", "PRAGMA foreign_keys=ON"})
        impl->session << pragma, keywords::now;
    }
    impl->epoch = epoch_;
    return Connection{std::move(impl)};
  } catch (const std::exception&) {
    return failure_in_flight("connect");
  }
}

}  // namespace trust::store
