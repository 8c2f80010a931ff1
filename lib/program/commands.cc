#include "lib/program/commands.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cli/output.h"
#include "lib/config/sample.h"

namespace trust::program {

using cli::Exit;

Exit not_ready(cli::Io io, const Error& error) {
  io.err << error.text() << '\n';
  return error.fault() == Fault::unavailable ? Exit::unavailable : Exit::failed;
}

Exit print_settings(const cli::Program& program, std::span<const config::Row> rows,
                    const cli::Arguments& arguments, cli::Io io) {
  const std::string name{program.name};
  io.out << (arguments.has("--sample")
                 ? config::sample_file(rows, name + ": settings. All of them: " + name + " config")
                 : config::reference(rows));
  return Exit::done;
}

Exit migrate(const ProgramStore& store, cli::Io io) {
  if (Status done = store.migrate(); !done) return not_ready(io, done.error());
  io.err << "store and keyring are up to date; a backup needs both: " << store.url() << " and "
         << store.state_dir() << "/keyring\n";
  return Exit::done;
}

Exit print_log_events(const cli::Arguments& arguments, cli::Io io) {
  std::vector<std::vector<std::string>> rows;
  for (const EventRow& row : log_events()) {
    if (!arguments.wants_json()) {
      rows.push_back({std::string{row.name}, std::string{row.level}, std::string{row.fields},
                      std::string{row.doc}});
      continue;
    }
    auto fields = nlohmann::ordered_json::array();
    for (const std::string_view field : split(row.fields, ' '))
      if (!field.empty()) fields.push_back(std::string{field});
    cli::print_json(io.out, {{"event", row.name},
                             {"level", row.level},
                             {"fields", std::move(fields)},
                             {"doc", row.doc}});
  }
  if (!arguments.wants_json())
    cli::print_columns(io.out, {"EVENT", "LEVEL", "FIELDS", "WHEN"}, rows);
  return Exit::done;
}

void ConfigCheck::note_file(std::string_view key, const std::optional<std::string>& file) {
  if (!file) return;
  if (const auto text = read_file(config::credential_path(*file)); !text)
    complain(text.error().within(key));
}

void ConfigCheck::remark(std::string_view sentence) { io_.err << "note: " << sentence << '\n'; }

void ConfigCheck::complain(const Error& error) {
  any_bad_ = true;
  io_.err << error.text() << '\n';
}

Exit ConfigCheck::exit(const std::string& config_file) {
  if (any_bad_) return Exit::failed;
  io_.err << config_file << ": good\n";
  return Exit::done;
}

std::string age_in_words(const std::optional<UtcTime>& then, UtcTime now) {
  if (!then) return "never";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - *then).count();
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
  return fmt::format("{} h ago", seconds / 3600);
}

}  // namespace trust::program
