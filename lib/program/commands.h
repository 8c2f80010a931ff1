#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"
#include "lib/cli/command.h"
#include "lib/config/config_file.h"
#include "lib/program/program_store.h"

namespace trust::program {

/// A failure to get ready (configuration, store, keys): 12 when trying again later may help, else
/// 1, so that 10 and 11 always speak of what the command was asked about.
cli::Exit not_ready(cli::Io io, const Error& error);

/// Opens everything the commands work with (Opened::open) and hands it to `act`.
template <class Opened, class App>
cli::Exit opened(App& app, const cli::Arguments& arguments, cli::Io io,
                 const std::function<cli::Exit(Opened&)>& act) {
  const Result<std::unique_ptr<Opened>> all = Opened::open(app, arguments.config_file());
  return all ? act(**all) : not_ready(io, all.error());
}
/// The same for a command that acts: `who` is on the staff list.
template <class Opened, class App>
cli::Exit opened_as(App& app, const cli::Arguments& arguments, cli::Io io,
                    const std::function<cli::Exit(Opened&, const std::string& who)>& act) {
  return opened<Opened>(app, arguments, io, [&](Opened& all) {
    const Result<std::string> who = cli::acting_person(arguments, all.config.staff_addresses());
    return who ? act(all, *who) : cli::fail(io, who.error());
  });
}
/// For the table: a command that needs everything opened, first of all.
template <class App, class Opened, cli::Exit (*act)(Opened&, const cli::Arguments&, cli::Io)>
cli::Exit run_opened(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened<Opened>(app, arguments, io, [&](Opened& all) { return act(all, arguments, io); });
}
/// The same, and somebody of staff who acts.
template <class App, class Opened, cli::Exit (*act)(Opened&, const cli::Arguments&, cli::Io)>
cli::Exit run_as_staff(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened_as<Opened>(
      app, arguments, io, [&](Opened& all, const std::string&) { return act(all, arguments, io); });
}

/// `config [--sample]`.
cli::Exit print_settings(const cli::Program& program, std::span<const config::Row> rows,
                         const cli::Arguments& arguments, cli::Io io);
/// `migrate`.
cli::Exit migrate(const ProgramStore& store, cli::Io io);
/// `logs [--json]`: the closed list of log events.
cli::Exit print_log_events(const cli::Arguments& arguments, cli::Io io);

/// `check-config`: a sentence for each thing the configuration names that cannot be used.
class ConfigCheck {
 public:
  explicit ConfigCheck(cli::Io io) : io_{io} {}

  template <class Value>
  void note(const Result<Value>& result) {
    if (!result) complain(result.error());
  }
  /// The file of a setting, if it names one.
  void note_file(std::string_view key, const std::optional<std::string>& file);
  /// Works, but an operator may want to know.
  void remark(std::string_view sentence);
  cli::Exit exit(const std::string& config_file);

 private:
  void complain(const Error& error);

  cli::Io io_;
  bool any_bad_ = false;
};

/// For `status`: "never", "41 s ago".
std::string age_in_words(const std::optional<UtcTime>& then, UtcTime now);

/// The program's own part of the commands that both have.
template <class App>
struct Care {
  using Run = cli::Exit (*)(App&, const cli::Arguments&, cli::Io);
  std::string_view doctor_summary;
  Run check_config, doctor, templates;
};

/// These commands, as they stand at the end of help.
template <class App, class Config, const cli::Program& program,
          ProgramStore (*store_of)(const Config&)>
std::vector<cli::Command<App>> care_commands(const Care<App>& care) {
  using cli::Arguments, cli::Exit, cli::Io;
  return {
      {"config",
       "",
       "All settings with their defaults",
       {{"--sample", "", "a configuration file to start from"}},
       [](App&, const Arguments& arguments, Io io) {
         return print_settings(program, config::rows_of<Config>(), arguments, io);
       }},
      {"check-config",
       "",
       "Reads the configuration and every file it names",
       {},
       care.check_config},
      {"doctor", "", care.doctor_summary, {cli::kJson}, care.doctor},
      {"migrate",
       "",
       "Makes the keyring, and brings the store's schema up to date",
       {},
       [](App&, const Arguments& arguments, Io io) {
         const Result<Config> config = config::load_file<Config>(arguments.config_file());
         return config ? migrate(store_of(*config), io) : not_ready(io, config.error());
       }},
      {"logs",
       "",
       "The closed list of log events",
       {cli::kJson},
       [](App&, const Arguments& arguments, Io io) { return print_log_events(arguments, io); }},
      {"templates", "", "The variables of each template", {}, care.templates},
  };
}

}  // namespace trust::program
