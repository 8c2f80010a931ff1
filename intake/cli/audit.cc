#include "intake/mailbox/audit.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "lib/cli/output.h"
#include "lib/imap/imap_mailbox.h"
#include "lib/program/servers.h"

namespace trust::intake {

namespace {

void print_folder(const AuditReport& report, bool as_json, cli::Io io) {
  if (as_json) {
    cli::print_json(io.out, {{"folder", report.folder.folder},
                             {"uidvalidity", report.folder.uidvalidity},
                             {"on_server", report.on_server},
                             {"before_us", report.before_us},
                             {"quarantined", report.quarantined},
                             {"unaccounted", report.unaccounted},
                             {"without_mail", report.without_mail}});
    return;
  }
  io.out << fmt::format(
      "{}: {} on the server, {} before us, {} quarantined, {} unaccounted for, {} without bytes\n",
      report.folder.folder, report.on_server, report.before_us, report.quarantined,
      report.unaccounted.size(), report.without_mail.size());
  for (const std::uint32_t uid : report.unaccounted)
    io.out << fmt::format("  UID {} is not in the ledger; `run` fetches it at its next look\n",
                          uid);
  for (const std::uint32_t uid : report.without_mail)
    io.out << fmt::format("  UID {} was stored and its bytes are gone; restore the store\n", uid);
}

/// Fault, or whether all is clean.
Result<bool> audit_mailbox(Office& office, bool as_json, cli::Io io) {
  const Result<net::Endpoint> endpoint = program::endpoint_of("imap", office.config.imap);
  if (!endpoint) return endpoint.error();
  auto mailbox = imap::ImapMailbox::connect(office.app.connector, *endpoint);
  if (!mailbox) return mailbox.error();
  bool clean = true;
  for (const std::string& folder : office.config.imap.watch) {
    const auto report =
        audit_folder(**mailbox, folder, office.connection, office.config.imap.url.account());
    if (!report && report.error().fault() == Fault::not_found) {
      io.err << "note: " << report.error().text() << '\n';
      continue;
    }
    if (!report) return report.error();
    print_folder(*report, as_json, io);
    clean = clean && report->is_clean();
  }
  return clean;
}

}  // namespace

cli::Exit run_audit(Office& office, const cli::Arguments& arguments, cli::Io io) {
  const auto desk = office.desk().audit();
  if (!desk) return cli::fail(io, desk.error());
  if (arguments.wants_json())
    cli::print_json(io.out, {{"broken_chain", cli::or_null(desk->broken_chain)},
                             {"mails_to_file", desk->mails_to_file},
                             {"mails_without_case", desk->mails_without_case}});
  else
    io.out << fmt::format(
        "history: {}\nfiling: {} waiting for over an hour, {} filed in no case\n",
        desk->broken_chain.empty() ? "all chains verify" : "BROKEN at " + desk->broken_chain,
        desk->mails_to_file, desk->mails_without_case);
  const Result<bool> clean = audit_mailbox(office, arguments.wants_json(), io);
  if (!clean) return program::not_ready(io, clean.error());
  const bool good = *clean && desk->broken_chain.empty() && desk->mails_to_file == 0 &&
                    desk->mails_without_case == 0;
  return good ? cli::Exit::done : cli::Exit::failed;
}

}  // namespace trust::intake
