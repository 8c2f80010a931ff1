#include <filesystem>
#include <ostream>

#include "intake/cli/commands.h"
#include "lib/base/file.h"
#include "lib/config/sample.h"

namespace trust::intake {

cli::Exit run_config(App&, const cli::Arguments& arguments, cli::Io io) {
  const std::vector<config::Row> rows = config::rows_of<Config>();
  io.out << (arguments.has("--sample")
                 ? config::sample_file(rows,
                                       "trust-intake: settings. All of them: trust-intake config")
                 : config::reference(rows));
  return cli::Exit::done;
}

cli::Exit run_check_config(App&, const cli::Arguments& arguments, cli::Io io) {
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!config) return not_ready(io, config.error());
  int problems = 0;
  const auto note = [&](const auto& result) {
    if (result) return;
    ++problems;
    io.err << result.error().text() << '\n';
  };
  note(imap_endpoint(*config));
  note(smtp_endpoint(*config));
  note(database_of(*config));
  note(load_calendar(*config));
  note(load_services(*config));
  note(Letters::load(config::templates_folder(config->templates)));
  if (config->register_file) note(read_register(*config));
  for (const auto& [key, file] : {std::pair{"imap.ca_file", config->imap.ca_file},
                                  std::pair{"smtp.ca_file", config->smtp.ca_file}}) {
    if (!file) continue;
    const Result<std::string> text = read_file(config::credential_path(*file));
    note(text ? text : Result<std::string>{text.error().within(key)});
  }
  if (!config->register_url && !config->register_file)
    io.err << "note: no register is configured; answers may point to any https URL\n";
  if (!config->holidays)
    io.err << "note: no holidays are configured; every Monday to Friday counts\n";
  if (problems > 0) return cli::Exit::failed;
  io.err << arguments.config_file() << ": good\n";
  return cli::Exit::done;
}

}  // namespace trust::intake
