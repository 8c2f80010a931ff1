#include "notifier/cli/opened.h"

#include <filesystem>
#include <iterator>

#include "lib/config/config_file.h"
#include "lib/outbox/migrations.h"
#include "lib/store/meta_store.h"
#include "notifier/schema/migrations.h"

namespace trust::notifier {

std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  std::ranges::copy(lib_outbox_migrations(), std::back_inserter(all));
  std::ranges::copy(notifier_schema_migrations(), std::back_inserter(all));
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
                 "store.url: " + file + ": no such file; run `trust-notifier migrate` to make it"};
  Result<store::Connection> connection = database.connect();
  if (!connection) return connection.error().within("store.url");
  return connection;
}

Status check_keys(store::Connection& connection, const Keyring& keyring,
                  const std::string& state_dir) {
  const auto known = store::MetaStore{connection}.get(store::Fact::key_check);
  if (!known) return known.error();
  if (!*known)
    return Error{Fault::conflict, "the store knows no keyring yet; run `trust-notifier migrate`"};
  if (**known == keyring.check_value()) return ok();
  return Error{Fault::conflict,
               "the keyring in " + state_dir +
                   " is not the one this store was made with; restore that one, or "
                   "point store.url to the store that belongs to it"};
}

Result<Keyring> load_keyring(const Config& config) {
  Result<Keyring> keyring = Keyring::load(config.state_dir);
  if (!keyring && keyring.error().fault() == Fault::not_found)
    return Error{Fault::not_found,
                 keyring.error().text() +
                     "; run `trust-notifier migrate` to make one, or restore it from the backup"};
  return keyring;
}

Result<Office> load_office(const Config& config) {
  const std::string folder = config::templates_folder(config.templates);
  Result<render::MailTemplate> announcement =
      render::load_mail_template(folder, announcement_template());
  if (!announcement) return announcement.error();
  Result<render::MailTemplate> notice = render::load_mail_template(folder, notice_template());
  if (!notice) return notice.error();
  Stationery stationery{config.sender, config.list_id, config.bounces.address.value_or(""), {}};
  // RFC 8058 wants https; elsewhere there is no link to click.
  if (config.http.public_url && config.http.public_url->is_encrypted()) {
    stationery.public_url = config.http.public_url->text;
    while (stationery.public_url.ends_with('/')) stationery.public_url.pop_back();
  }
  Office office{std::move(stationery), {},          *std::move(announcement),
                *std::move(notice),    config.hold, config.smtp.rate_per_second};
  for (const config::Person& person : config.staff)
    office.staff.push_back({person.name, person.address});
  return office;
}

Site site_of(const Config& config) {
  return {config.site.base_url.text,
          config.site.folder,
          config.site.check_live,
          config.site.article,
          {}};
}

Result<net::Endpoint> smtp_endpoint(const Config& config) {
  net::Endpoint endpoint;
  endpoint.url = config.smtp.url.text;
  if (!config.smtp.password_file.empty()) {
    Result<std::string> secret =
        config::read_secret_of("smtp.password_file", config.smtp.password_file);
    if (!secret) return secret.error();
    endpoint.password = *std::move(secret);
  }
  if (config.smtp.ca_file) endpoint.ca_file = config::credential_path(*config.smtp.ca_file);
  return endpoint;
}

Result<std::unique_ptr<Opened>> Opened::open(const std::string& config_file) {
  Result<Config> config = config::load_file<Config>(config_file);
  if (!config) return config.error();
  Result<store::Database> database = database_of(*config);
  if (!database) return database.error();
  Result<store::Connection> connection = connect_to_store(*config, *database);
  if (!connection) return connection.error();
  if (Status current = store::require_schema(*connection, all_migrations()); !current)
    return current.error().fault() == Fault::conflict
               ? Error{Fault::conflict, current.error().text() + " (trust-notifier migrate)"}
               : current.error();
  Result<Keyring> keyring = load_keyring(*config);
  if (!keyring) return keyring.error();
  if (Status same = check_keys(*connection, *keyring, config->state_dir); !same)
    return same.error();
  Result<Office> office = load_office(*config);
  if (!office) return office.error();
  Site site = site_of(*config);
  return std::unique_ptr<Opened>{new Opened{*std::move(config), *std::move(database),
                                            *std::move(connection), *std::move(keyring),
                                            *std::move(office), std::move(site)}};
}

}  // namespace trust::notifier
