#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "intake/mailbox/ledger_store.h"
#include "lib/base/log.h"
#include "lib/cli/json_out.h"

namespace trust::intake {

/// Only the ledger changes, so that a `run` at work is not disturbed: its next look fetches them.
/// If we die between two folders, then the same command asks for the rest.
cli::Exit run_adopt(App& app, const cli::Arguments& arguments, cli::Io io) {
  const Result<UtcDay> since = parse_iso_day(arguments.value("--since").value_or(""));
  if (!since) return cli::refuse(io, "--since: write a date like 2026-11-24");
  return in_office_as(arguments, io, [&](Office& office, const std::string&) {
    int asked = 0;
    for (const std::string& folder : office.config.imap.watch) {
      const Result<int> of_folder = LedgerStore{office.connection}.adopt(
          office.config.imap.url.account(), folder, UtcTime{*since}, app.clock.now());
      if (!of_folder) return cli::fail(io, of_folder.error());
      asked += *of_folder;
    }
    log(Event::mails_adopted, {{"count", asked}});
    if (arguments.wants_json())
      cli::print_json(io.out, {{"asked_for", asked}});
    else
      io.out << fmt::format("{} asked for; `run` fetches them and makes cases of them\n", asked);
    return cli::Exit::done;
  });
}

}  // namespace trust::intake
