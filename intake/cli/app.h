#pragma once

/// intake/cli: trust-intake's commands, a file each, over desk/ and flow/.
///   app.*       the world of a command: configuration, store, keys, calendar, services, words
///   commands.*  the table of all of them
///   running.*   `run`: mailbox, filing and sending, each in threads of its own
///   mailbox_loop.* filing_loop.*  two of these
/// Promise: standard output carries data and nothing else; a failure is one sentence on standard
/// error and an exit code of CLI.md. Not here: what is decided (desk/, flow/).

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "intake/answer/letters.h"
#include "intake/clock/calendar.h"
#include "intake/config.h"
#include "intake/desk/desk.h"
#include "intake/flow/mail_arrived.h"
#include "intake/report/service_book.h"
#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/cli/command.h"
#include "lib/net/interrupt.h"
#include "lib/net/stream.h"
#include "lib/program/commands.h"
#include "lib/program/program_store.h"
#include "lib/store/database.h"

namespace trust::intake {

/// What the commands run in; main() hands in the real things, a test its own.
struct App {
  const Clock& clock;
  net::Connector& connector;
  /// A reader of hostile mail for one thread: a cage::ParserChild.
  std::function<ParseMail()> new_parser;
};

inline constexpr cli::Program kProgram{
    "trust-intake", "/etc/trust-mail/intake.json",
    "reports to security@ become cases that are answered in time", "0.1.0"};

/// Everything the commands work with, opened and checked. Errors are sentences for an operator.
struct Office {
  App& app;
  Config config;
  store::Database database;
  store::Connection connection;
  Keyring keyring;
  Calendar calendar;
  ServiceBook services;
  Letters letters;
  std::vector<std::string> needs_restart;
  net::Interrupt interrupt{};  ///< ends the waits for the mailbox

  /// Reads the configuration and opens all of it, keeping the places of a store `at_work`
  /// (program::keep_place). Faults as ProgramStore::open.
  static Result<std::unique_ptr<Office>> open(App& app, const std::string& config_file,
                                              const program::ProgramStore* at_work = nullptr);

  Identity identity() const;
  /// For the thread that owns `connection`.
  Desk desk();
};

/// All of standard input, at most 1 MiB. Fault::invalid: longer.
Result<std::string> read_words(cli::Io io);

/// The parts, for commands that need only some of them.
program::ProgramStore store_of(const Config& config);
Result<Calendar> load_calendar(const Config& config);
Result<ServiceBook> load_services(const Config& config);
/// The text of incidents.json. REQUIRES register_url or register_file.
Result<std::string> read_register(const Config& config);

}  // namespace trust::intake
