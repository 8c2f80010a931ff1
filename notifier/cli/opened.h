#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/base/token.h"
#include "lib/cli/command.h"
#include "lib/net/interrupt.h"
#include "lib/program/program_store.h"
#include "lib/store/database.h"
#include "notifier/config.h"
#include "notifier/flow/page_published.h"
#include "notifier/page/site.h"

namespace trust::notifier {

inline constexpr cli::Program kProgram{
    "trust-notifier", "/etc/trust-mail/notifier.json",
    "a published post-mortem reaches everyone who asked for it, once", "0.1.0"};

/// Everything the commands work with, opened and checked. Errors are sentences for an operator.
struct Opened {
  Config config;
  store::Database database;
  store::Connection store;
  Keyring keyring;
  Office office;
  Site site;  ///< its `fetch` is the App's
  std::vector<std::string> needs_restart;
  net::Interrupt interrupt{};  ///< ends the waits for servers

  /// Reads the configuration and opens all of it, keeping the places of a store `at_work`
  /// (program::keep_place). Faults as ProgramStore::open.
  static Result<std::unique_ptr<Opened>> open(const std::string& config_file,
                                              const program::ProgramStore* at_work = nullptr);
};

/// The parts, for commands that need only some of them.
program::ProgramStore store_of(const Config& config);
Result<Office> load_office(const Config& config);
Site site_of(const Config& config);
/// The names in the file of the setting `services`; none without one.
Result<std::vector<std::string>> service_names(const std::optional<std::string>& file);

}  // namespace trust::notifier
