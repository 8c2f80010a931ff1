#pragma once

/// notifier/cli: trust-notifier's commands, over flow/ and the stores.
///   app.*       the world of a command, and what commands share
///   commands.*  the table of all of them
///   opened.*    configuration, store, keys, site and words, opened
///   serving.*   the HTTP servers of `run`
///   one file per command or family: run, status, announce, announcement, subscriber, feed,
///   check_config, doctor
/// Promise: standard output carries data and nothing else; a failure is one sentence on standard
/// error and an exit code of CLI.md. Not here: what is decided (flow/).

#include <functional>
#include <string>

#include "lib/base/time.h"
#include "lib/cli/command.h"
#include "lib/net/stream.h"
#include "lib/program/commands.h"
#include "notifier/cli/opened.h"

namespace trust::notifier {

/// What the commands run in; main() hands in the real things, a test its own.
struct App {
  const Clock& clock;
  net::Connector& connector;
  std::function<Fetch(const Config&, const net::Interrupt*)> new_fetch;
};

/// Opened::open with the App's `fetch`.
Result<std::unique_ptr<Opened>> open_all(App& app, const cli::Arguments& arguments,
                                         const program::ProgramStore* at_work);
/// Opens everything and hands it to `act`.
cli::Exit opened(App& app, const cli::Arguments& arguments, cli::Io io,
                 const std::function<cli::Exit(Opened&)>& act);
/// The same for a command that acts: `who` is on the staff list.
cli::Exit opened_as(App& app, const cli::Arguments& arguments, cli::Io io,
                    const std::function<cli::Exit(Opened&, const std::string& who)>& act);

}  // namespace trust::notifier
