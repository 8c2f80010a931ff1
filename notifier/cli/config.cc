#include <filesystem>
#include <ostream>

#include "lib/base/file.h"
#include "lib/config/sample.h"
#include "notifier/cli/commands.h"

namespace trust::notifier {

cli::Exit run_config(App&, const cli::Arguments& arguments, cli::Io io) {
  const std::vector<config::Row> rows = config::rows_of<Config>();
  io.out << (arguments.has("--sample")
                 ? config::sample_file(
                       rows, "trust-notifier: settings. All of them: trust-notifier config")
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
  note(smtp_endpoint(*config));
  note(database_of(*config));
  note(load_office(*config));
  for (const auto& [key, file] : {std::pair{"site.ca_file", config->site.ca_file},
                                  std::pair{"smtp.ca_file", config->smtp.ca_file}}) {
    if (!file) continue;
    const Result<std::string> text = read_file(config::credential_path(*file));
    note(text ? text : Result<std::string>{text.error().within(key)});
  }
  if (const auto look = site_of(*config).look_at_folder(); !look) note(look);
  if (!config->site.folder)
    io.err << "note: no site.folder is configured; pages are announced by `trust-notifier announce "
              "URL`\n";
  if (!config->http.public_url)
    io.err << "note: no http.public_url is configured; the mails have no unsubscribe link\n";
  if (problems > 0) return cli::Exit::failed;
  io.err << arguments.config_file() << ": good\n";
  return cli::Exit::done;
}

}  // namespace trust::notifier
