#pragma once

/// lib/program: what both programs do before and beside their own work.
///   program_store.*  the store, its schema and the keyring that belongs to it
///   servers.*        where mailbox and relay are, and how to log in
///   doctor.*         what `doctor` tries in both
///   commands.*       the commands both have
///   service.*        the frame of `run`: lock, signals, reading settings again
///   health.*         /healthz, /readyz, /metrics
/// Errors are sentences for an operator: they name the setting and what to run.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/signals.h"
#include "lib/base/token.h"
#include "lib/config/groups.h"
#include "lib/store/epoch.h"
#include "lib/store/migrate.h"

namespace trust::program {

/// A program's store as it is configured.
class ProgramStore {
 public:
  /// `program` is "trust-intake"; `schema` are the program's own tables, lib's come before them.
  ProgramStore(std::string_view program, config::StoreSettings settings, std::string state_dir,
               std::span<const store::Migration> schema);

  struct Opened {
    store::Database database;
    store::Connection connection;
    Keyring keyring;
  };
  /// Opens the store and checks that its schema is this program's and the keyring its own.
  ///   not_found  no such file, or no keyring
  ///   conflict   the store needs `migrate`, or was made with other keys
  Result<Opened> open() const;

  /// Makes folders, schema, keyring and the store's mark of that keyring, in this order. If we die
  /// anywhere, then the next `migrate` goes on; `open` refuses a store without the mark.
  Status migrate() const;

  /// The steps of `open`, for those who tell of each.
  Result<store::Database> database() const;
  Result<store::Connection> connect(const store::Database& database) const;
  Status require_schema(store::Connection& connection) const;
  Result<Keyring> keyring() const;
  Status require_same_keys(store::Connection& connection, const Keyring& keyring) const;

  /// For `run`: what `database` opens from now on is held against state_dir/epoch, and where that
  /// finds that the store went back, `stop` is asked for. Goes on with the memory of `at_work`.
  Status hold_against_epoch(store::Database& database, const ProgramStore* at_work,
                            StopSignal& stop);
  /// Null before hold_against_epoch.
  const std::shared_ptr<store::Epoch>& epoch() const { return epoch_; }

  const std::string& state_dir() const { return state_dir_; }
  const std::string& url() const { return settings_.url.text; }
  /// What one `run` at a time may hold: state_dir's lock, and a SQLite file's own beside it,
  /// because a restored or copied state_dir is another folder and the store is the same.
  std::vector<std::string> lock_files() const;
  std::size_t schema_version() const { return schema_.size(); }

 private:
  std::string run_migrate() const { return "run `" + program_ + " migrate`"; }

  std::string program_;
  config::StoreSettings settings_;
  std::string state_dir_;
  std::vector<store::Migration> schema_;
  std::shared_ptr<store::Epoch> epoch_;
};

}  // namespace trust::program
