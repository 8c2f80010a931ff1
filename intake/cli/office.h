#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "intake/answer/letters.h"
#include "intake/clock/calendar.h"
#include "intake/config.h"
#include "intake/desk/desk.h"
#include "intake/report/service_book.h"
#include "lib/base/token.h"
#include "lib/net/stream.h"
#include "lib/store/database.h"
#include "lib/store/migrate.h"

namespace trust::intake {

/// Everything the commands work with, opened and checked. Errors are sentences for an operator.
struct Office {
  Config config;
  store::Database database;
  store::Connection connection;
  Keyring keyring;
  Calendar calendar;
  ServiceBook services;
  Letters letters;

  /// Reads the configuration and opens all of it.
  ///   conflict  the store needs `migrate`, or belongs to another keyring
  static Result<std::unique_ptr<Office>> open(const std::string& config_file);

  Identity identity() const;
  /// For the thread that owns `connection`.
  Desk desk(const Clock& clock);
};

/// All tables of intake's store, in order.
std::vector<store::Migration> all_migrations();

/// The parts, for commands that need only some of them.
Result<store::Database> database_of(const Config& config);
/// Fault::not_found: a SQLite file that is not there; `migrate` makes it.
Result<store::Connection> connect_to_store(const Config& config, const store::Database& database);
/// Fault::conflict: the store was made with other keys.
Status check_keys(store::Connection& connection, const Keyring& keyring,
                  const std::string& state_dir);
Result<Keyring> load_keyring(const Config& config);
Result<Calendar> load_calendar(const Config& config);
Result<ServiceBook> load_services(const Config& config);
/// The text of incidents.json. REQUIRES register_url or register_file.
Result<std::string> read_register(const Config& config);

/// Where the mailbox and the relay are and how to log in, the secret read now.
Result<net::Endpoint> imap_endpoint(const Config& config);
Result<net::Endpoint> smtp_endpoint(const Config& config);
/// The watched folders this version reads: all but \Sent.
std::vector<std::string> watched_folders(const Config& config);

}  // namespace trust::intake
