#include "intake/cli/commands.h"
#include "lib/program/servers.h"

namespace trust::intake {

cli::Exit run_check_config(App&, const cli::Arguments& arguments, cli::Io io) {
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!config) return program::not_ready(io, config.error());
  program::ConfigCheck check{io};
  check.note(program::endpoint_of("imap", config->imap));
  check.note(program::endpoint_of("smtp", config->smtp));
  check.note(store_of(*config).database());
  check.note(load_calendar(*config));
  check.note(load_services(*config));
  check.note(Letters::load(config::templates_folder(config->templates)));
  if (config->register_file) check.note(read_register(*config));
  check.note_file("imap.ca_file", config->imap.ca_file);
  check.note_file("smtp.ca_file", config->smtp.ca_file);
  if (!config->register_url && !config->register_file)
    check.remark("no register is configured; answers may point to any https URL");
  if (!config->holidays) check.remark("no holidays are configured; every Monday to Friday counts");
  return check.exit(arguments.config_file());
}

}  // namespace trust::intake
