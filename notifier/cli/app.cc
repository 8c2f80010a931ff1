#include "notifier/cli/app.h"

#include <nlohmann/json.hpp>

#include "lib/base/file.h"
#include "lib/config/config_file.h"
#include "lib/program/service.h"
#include "notifier/schema/migrations.h"

namespace trust::notifier {

program::ProgramStore store_of(const Config& config) {
  return {kProgram.name, config.store, config.state_dir, notifier_schema_migrations()};
}

Result<Office> load_office(const Config& config) {
  const std::string folder = config::templates_folder(config.templates);
  Result<render::MailTemplate> announcement =
      render::load_mail_template(folder, announcement_template());
  if (!announcement) return announcement.error();
  Result<render::MailTemplate> notice = render::load_mail_template(folder, notice_template());
  if (!notice) return notice.error();
  Result<render::MailTemplate> confirmation =
      render::load_mail_template(folder, confirmation_template());
  if (!confirmation) return confirmation.error();
  Stationery stationery{config.sender, config.list_id, config.bounces.address.value_or(""), {}};
  // RFC 8058 wants https; elsewhere there is no link to click.
  if (config.http.public_url && config.http.public_url->is_encrypted()) {
    stationery.public_url = config.http.public_url->text;
    while (stationery.public_url.ends_with('/')) stationery.public_url.pop_back();
  }
  Office office{
      std::move(stationery),    {},          *std::move(announcement),   *std::move(notice),
      *std::move(confirmation), config.hold, config.smtp.rate_per_second};
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

Result<std::vector<std::string>> service_names(const std::optional<std::string>& file) {
  std::vector<std::string> names;
  if (!file) return names;
  const Result<std::string> text = read_file(*file, 1U << 20U);
  if (!text) return text.error().within("services");
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false,
                                          /*ignore_comments=*/true);
  const auto list =
      json.is_object() ? json.value("services", nlohmann::json::array()) : nlohmann::json{};
  for (const auto& service : list)
    if (const auto name = service.is_object() ? service.find("name") : service.end();
        service.is_object() && name != service.end() && name->is_string())
      names.push_back(name->get<std::string>());
  if (names.empty())
    return Error{Fault::invalid, *file + R"(: names nothing; write {"services": [{"name": "…"}]})"};
  return names;
}

Result<std::unique_ptr<Opened>> Opened::open(App& app, const std::string& config_file,
                                             const program::ProgramStore* at_work) {
  Result<Config> config = config::load_file<Config>(config_file);
  if (!config) return config.error();
  std::vector<std::string> needs_restart = program::keep_place(at_work, *config);
  Result<program::ProgramStore::Opened> opened = store_of(*config).open();
  if (!opened) return opened.error();
  Result<Office> office = load_office(*config);
  if (!office) return office.error();
  Site site = site_of(*config);
  std::unique_ptr<Opened> all{new Opened{
      app, *std::move(config), std::move(opened->database), std::move(opened->connection),
      std::move(opened->keyring), *std::move(office), std::move(site), std::move(needs_restart)}};
  all->site.fetch = app.new_fetch(all->config, &all->interrupt);
  return all;
}

}  // namespace trust::notifier
