#pragma once

/// notifier/cli: trust-notifier's commands, over flow/ and the stores.
///   app.*       the world of a command: configuration, store, keys, site and words, opened
///   commands.*  the table of all of them
///   one file per command or family: run, status, announcement, subscriber, feed, doctor
/// Promise: standard output carries data and nothing else; a failure is one sentence on standard
/// error and an exit code of CLI.md. Not here: what is decided (flow/).

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/cli/command.h"
#include "lib/net/interrupt.h"
#include "lib/net/stream.h"
#include "lib/program/commands.h"
#include "lib/program/program_store.h"
#include "lib/store/database.h"
#include "notifier/config.h"
#include "notifier/flow/page_published.h"
#include "notifier/page/site.h"

namespace trust::notifier {

/// What the commands run in; main() hands in the real things, a test its own.
struct App {
  const Clock& clock;
  net::Connector& connector;
  std::function<Fetch(const Config&, const net::Interrupt*)> new_fetch;
};

inline constexpr cli::Program kProgram{
    "trust-notifier", "/etc/trust-mail/notifier.json",
    "a published post-mortem reaches everyone who asked for it, once", "0.1.0"};

/// Everything the commands work with, opened and checked. Errors are sentences for an operator.
struct Opened {
  App& app;
  Config config;
  store::Database database;
  store::Connection store;
  Keyring keyring;
  Office office;
  Site site;
  std::vector<std::string> needs_restart;
  net::Interrupt interrupt{};  ///< ends the waits for servers

  /// Reads the configuration and opens all of it, keeping the places of a store `at_work`
  /// (program::keep_place). Faults as ProgramStore::open.
  static Result<std::unique_ptr<Opened>> open(App& app, const std::string& config_file,
                                              const program::ProgramStore* at_work = nullptr);
};

/// The parts, for commands that need only some of them.
program::ProgramStore store_of(const Config& config);
Result<Office> load_office(const Config& config);
Site site_of(const Config& config);
/// The names in the file of the setting `services`; none without one.
Result<std::vector<std::string>> service_names(const std::optional<std::string>& file);

}  // namespace trust::notifier
