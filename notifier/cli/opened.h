#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/base/token.h"
#include "lib/net/stream.h"
#include "lib/store/database.h"
#include "lib/store/migrate.h"
#include "notifier/config.h"
#include "notifier/flow/page_published.h"
#include "notifier/page/site.h"

namespace trust::notifier {

/// Everything the commands work with, opened and checked. Errors are sentences for an operator.
struct Opened {
  Config config;
  store::Database database;
  store::Connection store;
  Keyring keyring;
  Office office;
  Site site;  ///< its `fetch` is the App's

  /// Reads the configuration and opens all of it.
  ///   conflict  the store needs `migrate`, or belongs to another keyring
  static Result<std::unique_ptr<Opened>> open(const std::string& config_file);
};

/// All tables of the notifier's store, in order.
std::vector<store::Migration> all_migrations();

/// The parts, for commands that need only some of them.
Result<store::Database> database_of(const Config& config);
/// Fault::not_found: a SQLite file that is not there; `migrate` makes it.
Result<store::Connection> connect_to_store(const Config& config, const store::Database& database);
/// Fault::conflict: the store was made with other keys.
Status check_keys(store::Connection& connection, const Keyring& keyring,
                  const std::string& state_dir);
Result<Keyring> load_keyring(const Config& config);
Result<Office> load_office(const Config& config);
Site site_of(const Config& config);
/// Where the relay is and how to log in, the secret read now.
Result<net::Endpoint> smtp_endpoint(const Config& config);

}  // namespace trust::notifier
