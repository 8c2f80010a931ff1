#pragma once

/// intake/cli: trust-intake's commands, a file each, over desk/ and flow/.
///   app.*       the world of a command, and what commands share
///   commands.*  the table of all of them
///   office.*    configuration, store, keys, calendar, services and words, opened
///   running.*   `run`: mailbox, filing and sending, each in threads of its own
///   mailbox_loop.* filing_loop.*  two of these
/// Promise: standard output carries data and nothing else; a failure is one sentence on standard
/// error and an exit code of CLI.md. Not here: what is decided (desk/, flow/).

#include <functional>
#include <memory>
#include <string>

#include "intake/cli/office.h"
#include "intake/flow/mail_arrived.h"
#include "lib/base/time.h"
#include "lib/cli/command.h"
#include "lib/net/stream.h"
#include "lib/program/commands.h"

namespace trust::intake {

/// What the commands run in; main() hands in the real things, a test its own.
struct App {
  const Clock& clock;
  net::Connector& connector;
  /// A reader of hostile mail for one thread: a cage::ParserChild.
  std::function<ParseMail()> new_parser;
};

/// Opens the office and hands it to `act`.
cli::Exit in_office(const cli::Arguments& arguments, cli::Io io,
                    const std::function<cli::Exit(Office&)>& act);
/// The same for a command that acts: `who` is on the staff list.
cli::Exit in_office_as(const cli::Arguments& arguments, cli::Io io,
                       const std::function<cli::Exit(Office&, const std::string& who)>& act);

/// All of standard input, at most 1 MiB. Fault::invalid: longer.
Result<std::string> read_words(cli::Io io);

}  // namespace trust::intake
