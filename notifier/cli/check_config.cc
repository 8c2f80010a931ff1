#include "lib/program/servers.h"
#include "notifier/cli/commands.h"
#include "notifier/web/pages.h"

namespace trust::notifier {

cli::Exit run_check_config(App&, const cli::Arguments& arguments, cli::Io io) {
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!config) return program::not_ready(io, config.error());
  program::ConfigCheck check{io};
  check.note(program::endpoint_of("smtp", config->smtp));
  check.note(store_of(*config).database());
  check.note(load_office(*config));
  check.note(site_of(*config).look_at_folder());
  check.note(PageWords::load(config::templates_folder(config->templates)));
  check.note(service_names(config->services));
  check.note_file("site.ca_file", config->site.ca_file);
  check.note_file("smtp.ca_file", config->smtp.ca_file);
  if (!config->site.folder)
    check.remark(
        "no site.folder is configured; pages are announced by `trust-notifier announce URL`");
  if (!config->http.public_url)
    check.remark(
        "no http.public_url is configured; the mails have no unsubscribe link, and "
        "there are no pages for readers");
  return check.exit(arguments.config_file());
}

}  // namespace trust::notifier
