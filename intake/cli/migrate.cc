#include <filesystem>
#include <ostream>

#include "intake/cli/commands.h"
#include "lib/base/file.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

namespace {

/// Makes folders, schema, keyring and the store's mark of that keyring, in this order. If we die
/// anywhere, then the next `migrate` goes on; `run` refuses a store without the mark.
Status bring_up_to_date(const Config& config) {
  if (Status made = make_folder(config.state_dir); !made) return made.error().within("state_dir");
  const std::string file = config.store.url.file();
  if (!file.empty())
    if (Status made = make_folder(std::filesystem::path{file}.parent_path().string()); !made)
      return made.error().within("store.url");
  const Result<store::Database> database = database_of(config);
  if (!database) return database.error();
  Result<store::Connection> connection = database->connect();
  if (!connection) return connection.error().within("store.url");
  if (Status done = store::migrate(*connection, all_migrations()); !done) return done;

  store::MetaStore facts{*connection};
  const auto known = facts.get(store::Fact::key_check);
  if (!known) return known.error();
  // A store that was signed with keys must keep them: without them no token it gave out verifies.
  Result<Keyring> keyring =
      *known ? load_keyring(config) : Keyring::load_or_create(config.state_dir);
  if (!keyring && *known && keyring.error().fault() == Fault::not_found)
    return Error{Fault::not_found, "state_dir: " + config.state_dir +
                                       "/keyring is gone, and this store was made with it; restore "
                                       "it from the backup"};
  if (!keyring) return keyring.error();
  if (*known) return check_keys(*connection, *keyring, config.state_dir);
  return facts.put(store::Fact::key_check, keyring->check_value());
}

}  // namespace

cli::Exit run_migrate(App&, const cli::Arguments& arguments, cli::Io io) {
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!config) return not_ready(io, config.error());
  if (Status done = bring_up_to_date(*config); !done) return not_ready(io, done.error());
  io.err << "store and keyring are up to date; a backup needs both: " << config->store.url.text
         << " and " << config->state_dir << "/keyring\n";
  return cli::Exit::done;
}

}  // namespace trust::intake
