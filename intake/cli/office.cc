#include "intake/cli/office.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "intake/schema/migrations.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/net/http_fetch.h"
#include "lib/outbox/migrations.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

namespace {

/// A file that a setting names.
Result<std::string> read_named(std::string_view key, const std::string& path) {
  Result<std::string> text = read_file(path, 4U << 20U);
  if (!text) return text.error().within(key);
  return text;
}

/// What `read` makes of the file that `path` names; the default where none is named.
template <class Value, class Read>
Result<Value> read_optional(std::string_view key, const std::optional<std::string>& path,
                            Read read) {
  if (!path) return Value{};
  const Result<std::string> text = read_named(key, *path);
  if (!text) return text.error();
  Result<Value> value = read(*text);
  if (!value) return value.error().within(*path).within(key);
  return value;
}

Result<net::Endpoint> endpoint_of(std::string_view prefix, const config::Url& url,
                                  const std::string& password_file,
                                  const std::optional<std::string>& ca_file) {
  net::Endpoint endpoint;
  endpoint.url = url.text;
  if (!password_file.empty()) {
    Result<std::string> secret =
        config::read_secret_of(std::string{prefix} + ".password_file", password_file);
    if (!secret) return secret.error();
    endpoint.password = *std::move(secret);
  }
  if (ca_file) endpoint.ca_file = config::credential_path(*ca_file);
  return endpoint;
}

}  // namespace

std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  std::ranges::copy(lib_outbox_migrations(), std::back_inserter(all));
  std::ranges::copy(intake_schema_migrations(), std::back_inserter(all));
  return all;
}

Result<store::Database> database_of(const Config& config) {
  std::string password;
  if (config.store.password_file) {
    Result<std::string> secret =
        config::read_secret_of("store.password_file", *config.store.password_file);
    if (!secret) return secret.error();
    password = *std::move(secret);
  }
  Result<store::Database> database =
      store::Database::at(config.store.url.text, std::move(password));
  if (!database) return database.error().within("store.url");
  return database;
}

Result<store::Connection> connect_to_store(const Config& config, const store::Database& database) {
  std::error_code ignored;
  const std::string file = config.store.url.file();
  if (!file.empty() && !std::filesystem::exists(file, ignored))
    return Error{Fault::not_found,
                 "store.url: " + file + ": no such file; run `trust-intake migrate` to make it"};
  Result<store::Connection> connection = database.connect();
  if (!connection) return connection.error().within("store.url");
  return connection;
}

Status check_keys(store::Connection& connection, const Keyring& keyring,
                  const std::string& state_dir) {
  const auto known = store::MetaStore{connection}.get(store::Fact::key_check);
  if (!known) return known.error();
  if (!*known)
    return Error{Fault::conflict, "the store knows no keyring yet; run `trust-intake migrate`"};
  if (**known == keyring.check_value()) return ok();
  return Error{Fault::conflict,
               "the keyring in " + state_dir +
                   " is not the one this store was made with; restore that one, or point store.url "
                   "to the store that belongs to it"};
}

Result<Keyring> load_keyring(const Config& config) {
  Result<Keyring> keyring = Keyring::load(config.state_dir);
  if (!keyring && keyring.error().fault() == Fault::not_found)
    return Error{Fault::not_found,
                 keyring.error().text() +
                     "; run `trust-intake migrate` to make one, or restore it from the backup"};
  return keyring;
}

Result<Calendar> load_calendar(const Config& config) {
  return read_optional<Calendar>("holidays", config.holidays,
                                 [](const std::string& text) { return Calendar::from_ics(text); });
}

Result<ServiceBook> load_services(const Config& config) {
  return read_optional<ServiceBook>("services", config.services, [](const std::string& text) {
    return ServiceBook::from_json(text);
  });
}

Result<std::string> read_register(const Config& config) {
  if (config.register_file) return read_named("register.file", *config.register_file);
  const std::string& url = config.register_url->text;
  const std::string configured[] = {url};
  Result<net::HttpAnswer> answer = net::http_get(url, configured);
  if (!answer) return answer.error().within("register.url");
  if (answer->code != 200)
    return Error{Fault::unavailable, "register.url: the server answered " +
                                         std::to_string(answer->code) +
                                         " instead of incidents.json; try again later"};
  return std::move(answer->body);
}

Result<net::Endpoint> imap_endpoint(const Config& config) {
  return endpoint_of("imap", config.imap.url, config.imap.password_file, config.imap.ca_file);
}

Result<net::Endpoint> smtp_endpoint(const Config& config) {
  return endpoint_of("smtp", config.smtp.url, config.smtp.password_file, config.smtp.ca_file);
}

std::vector<std::string> watched_folders(const Config& config) {
  std::vector<std::string> folders = config.imap.watch;
  std::erase_if(folders, [](const std::string& f) { return equals_ignoring_case(f, "\\Sent"); });
  return folders;
}

Result<std::unique_ptr<Office>> Office::open(const std::string& config_file) {
  Result<Config> config = config::load_file<Config>(config_file);
  if (!config) return config.error();
  Result<store::Database> database = database_of(*config);
  if (!database) return database.error();
  Result<store::Connection> connection = connect_to_store(*config, *database);
  if (!connection) return connection.error();
  if (Status current = store::require_schema(*connection, all_migrations()); !current)
    return current.error().fault() == Fault::conflict
               ? Error{Fault::conflict, current.error().text() + " (trust-intake migrate)"}
               : current.error();
  Result<Keyring> keyring = load_keyring(*config);
  if (!keyring) return keyring.error();
  if (Status same = check_keys(*connection, *keyring, config->state_dir); !same)
    return same.error();
  Result<Calendar> calendar = load_calendar(*config);
  if (!calendar) return calendar.error();
  Result<ServiceBook> services = load_services(*config);
  if (!services) return services.error();
  Result<Letters> letters = Letters::load(config::templates_folder(config->templates));
  if (!letters) return letters.error();
  return std::unique_ptr<Office>{new Office{
      *std::move(config), *std::move(database), *std::move(connection), *std::move(keyring),
      *std::move(calendar), *std::move(services), *std::move(letters)}};
}

Identity Office::identity() const {
  Identity identity;
  identity.address = config.address;
  identity.reply_to = config.reply_to;
  identity.signed_envelope = config.acknowledge_envelope == Config::Envelope::bounce;
  return identity;
}

Desk Office::desk(const Clock& clock) {
  DeskSettings settings{identity(), {}, {}};
  for (const config::Person& person : config.staff)
    settings.staff.push_back({person.address, person.name});
  if (config.register_url || config.register_file)
    settings.read_register = [this] { return read_register(config); };
  return Desk{{connection, keyring, calendar, letters, clock}, std::move(settings)};
}

}  // namespace trust::intake
