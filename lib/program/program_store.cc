#include "lib/program/program_store.h"

#include <filesystem>
#include <utility>

#include "lib/base/file.h"
#include "lib/config/config_file.h"
#include "lib/outbox/migrations.h"
#include "lib/store/meta_store.h"

namespace trust::program {

ProgramStore::ProgramStore(std::string_view program, config::StoreSettings settings,
                           std::string state_dir, std::span<const store::Migration> schema)
    : program_{program}, settings_{std::move(settings)}, state_dir_{std::move(state_dir)} {
  const auto lib = lib_outbox_migrations();
  schema_.assign(lib.begin(), lib.end());
  schema_.insert(schema_.end(), schema.begin(), schema.end());
}

Result<store::Database> ProgramStore::database() const {
  std::string password;
  if (settings_.password_file) {
    Result<std::string> secret =
        config::read_secret_of("store.password_file", *settings_.password_file);
    if (!secret) return secret.error();
    password = *std::move(secret);
  }
  Result<store::Database> database = store::Database::at(url(), password);
  if (!database) return database.error().within("store.url");
  return database;
}

Result<store::Connection> ProgramStore::connect(const store::Database& database) const {
  std::error_code ignored;
  const std::string file = settings_.url.file();
  if (!file.empty() && !std::filesystem::exists(file, ignored))
    return Error{Fault::not_found,
                 "store.url: " + file + ": no such file; " + run_migrate() + " to make it"};
  Result<store::Connection> connection = database.connect();
  if (connection) return connection;
  if (database.engine() == store::Engine::postgresql &&
      connection.error().fault() == Fault::unavailable)
    return Error{Fault::unavailable,
                 "store.url: no connection; see that PostgreSQL runs and that host, user, database "
                 "and password are right, then try again (systemd starts `run` again by itself)"};
  return connection.error().within("store.url");
}

Status ProgramStore::require_schema(store::Connection& connection) const {
  Status current = store::require_schema(connection, schema_);
  if (!current && current.error().fault() == Fault::conflict)
    return Error{Fault::conflict, current.error().text() + " (" + program_ + " migrate)"};
  return current;
}

Result<Keyring> ProgramStore::keyring() const {
  Result<Keyring> keyring = Keyring::load(state_dir_);
  if (!keyring && keyring.error().fault() == Fault::not_found)
    return Error{Fault::not_found, keyring.error().text() + "; " + run_migrate() +
                                       " to make one, or restore it from the backup"};
  return keyring;
}

Status ProgramStore::require_same_keys(store::Connection& connection,
                                       const Keyring& keyring) const {
  const auto known = store::MetaStore{connection}.get(store::Fact::key_check);
  if (!known) return known.error();
  if (!*known) return Error{Fault::conflict, "the store knows no keyring yet; " + run_migrate()};
  if (**known == keyring.check_value()) return ok();
  return Error{Fault::conflict,
               "the keyring in " + state_dir_ +
                   " is not the one this store was made with; restore that one, or point store.url "
                   "to the store that belongs to it"};
}

Result<ProgramStore::Opened> ProgramStore::open() const {
  Result<store::Database> at = database();
  if (!at) return at.error();
  Result<store::Connection> connection = connect(*at);
  if (!connection) return connection.error();
  if (Status current = require_schema(*connection); !current) return current.error();
  Result<Keyring> keys = keyring();
  if (!keys) return keys.error();
  if (Status same = require_same_keys(*connection, *keys); !same) return same.error();
  return Opened{*std::move(at), *std::move(connection), *std::move(keys)};
}

Status ProgramStore::hold_against_epoch(store::Database& database, const ProgramStore* at_work,
                                        StopSignal& stop) {
  if (at_work != nullptr) epoch_ = at_work->epoch_;
  if (!epoch_) {
    auto kept = store::Epoch::kept_in(state_dir_ + "/epoch", [&stop] { stop.request(); });
    if (!kept) return kept.error().within("state_dir");
    epoch_ = *std::move(kept);
  }
  database.hold_against(epoch_);
  return ok();
}

std::vector<std::string> ProgramStore::lock_files() const {
  std::vector<std::string> files{state_dir_ + "/lock"};
  if (const std::string store = settings_.url.file(); !store.empty()) {
    std::error_code ignored;
    const auto real = std::filesystem::weakly_canonical(store, ignored);
    files.push_back((real.empty() ? store : real.string()) + "-lock");
  }
  return files;
}

Status ProgramStore::migrate() const {
  if (Status made = make_folder(state_dir_); !made) return made.error().within("state_dir");
  if (const std::filesystem::path file = settings_.url.file(); !file.empty())
    if (Status made = make_folder(file.parent_path().string()); !made)
      return made.error().within("store.url");
  const Result<store::Database> at = database();
  if (!at) return at.error();
  Result<store::Connection> connection = at->connect();
  if (!connection) return connection.error().within("store.url");
  if (Status done = store::migrate(*connection, schema_); !done) return done;

  store::MetaStore facts{*connection};
  const auto known = facts.get(store::Fact::key_check);
  if (!known) return known.error();
  // A store that was signed with keys must keep them: without them no token it gave out verifies.
  Result<Keyring> keys = *known ? Keyring::load(state_dir_) : Keyring::load_or_create(state_dir_);
  if (!keys && *known && keys.error().fault() == Fault::not_found)
    return Error{Fault::not_found, "state_dir: " + state_dir_ +
                                       "/keyring is gone, and this store was made with it; restore "
                                       "it from the backup"};
  if (!keys) return keys.error();
  if (*known) return require_same_keys(*connection, *keys);
  return facts.put(store::Fact::key_check, keys->check_value());
}

}  // namespace trust::program
