#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "intake/mailbox/ledger_store.h"
#include "lib/base/log.h"
#include "lib/cli/json_out.h"
#include "lib/cli/progress.h"
#include "lib/imap/imap_mailbox.h"
#include "lib/program/servers.h"

namespace trust::intake {

namespace {

/// Asks for the bytes of what was there before us, folder by folder. How many mails were taken in.
/// If we die here, then what was asked for stands in the ledger as still to come, and the next look
/// (of `run`, or of this command again) fetches it.
Result<int> adopt(App& app, Office& office, UtcTime since, cli::Progress& progress) {
  Result<net::Endpoint> endpoint = program::endpoint_of("imap", office.config.imap);
  if (!endpoint) return endpoint.error();
  const auto mailbox = imap::ImapMailbox::connect(app.connector, *endpoint);
  if (!mailbox) return mailbox.error();
  SyncSettings settings;
  settings.account = office.config.imap.url.account();
  settings.calendar = office.calendar;
  int stored = 0;
  for (const std::string& folder : office.config.imap.watch) {
    if (const Status asked =
            LedgerStore{office.connection}.adopt(settings.account, folder, since, app.clock.now());
        !asked)
      return asked.error();
    const auto synced = sync_folder(**mailbox, folder, office.connection, office.keyring, settings,
                                    app.clock, [&](const std::string&) { progress.step(); });
    if (!synced && synced.error().fault() == Fault::not_found) continue;
    if (!synced) return synced.error();
    stored += synced->stored;
  }
  return stored;
}

}  // namespace

cli::Exit run_adopt(App& app, const cli::Arguments& arguments, cli::Io io) {
  const Result<UtcDay> since = parse_iso_day(arguments.value("--since").value_or(""));
  if (!since) return cli::refuse(io, "--since: write a date like 2026-11-24");
  return in_office_as(arguments, io, [&](Office& office, const std::string&) {
    Result<int> taken = 0;
    {
      cli::Progress progress{io.err, "mails", 0};
      taken = adopt(app, office, UtcTime{*since}, progress);
    }
    if (!taken) return program::not_ready(io, taken.error());
    log(Event::mails_adopted, {{"count", *taken}});
    if (arguments.wants_json())
      cli::print_json(io.out, {{"taken_in", *taken}});
    else
      io.out << fmt::format("{} taken in; `run` makes cases of them\n", *taken);
    return cli::Exit::done;
  });
}

}  // namespace trust::intake
