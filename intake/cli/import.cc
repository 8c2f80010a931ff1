#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "intake/mailbox/ledger_store.h"
#include "intake/mailbox/mail_file.h"
#include "lib/base/log.h"
#include "lib/cli/output.h"
#include "lib/store/transact.h"

namespace trust::intake {

namespace {

constexpr std::chrono::hours kClockSkew{1};

/// All mails of one file, each in a transaction of its own; `kept` hears what became of each. If we
/// die between two, then the same command finds what is stored and goes on behind it.
Status take_in(const std::string& file, Office& office, const ParseMail& parse,
               MayAcknowledge acknowledge, const std::function<void(LedgerStore::Kept)>& kept) {
  std::ifstream in{file, std::ios::binary};
  MailFile mails{in, kMostMailBytes};
  bool any = false;
  while (const auto mail = mails.next()) {
    any = true;
    // Hostile bytes: the caged child reads when it was received.
    const Result<mail::ParsedMail> parsed = parse(mail->raw);
    if (!parsed) return parsed.error();
    const UtcTime now = office.app.clock.now();
    const auto& stamp = parsed->topmost_received;
    const Received received = stamp && *stamp <= now + kClockSkew
                                  ? Received{*stamp, "received_field"}
                                  : Received{now, "first_seen"};
    const auto stored = store::transact(office.connection, [&](store::Connection& c) {
      return LedgerStore{c}.import({0, {}, mail->size, mail->raw, mail->truncated}, received,
                                   office.keyring.digest("bytes", mail->raw), acknowledge, now);
    });
    if (!stored) return stored.error();
    kept(stored->kept);
  }
  if (!any || in.bad()) return Error{Fault::not_found, "holds no mail, or cannot be read"};
  return ok();
}

}  // namespace

cli::Exit run_import(Office& office, const cli::Arguments& arguments, cli::Io io) {
  const auto acknowledge =
      arguments.has("--acknowledge") ? MayAcknowledge::yes : MayAcknowledge::no;
  const ParseMail parse = office.app.new_parser();
  int stored = 0, known = 0;
  auto exit = cli::Exit::done;
  {
    cli::Progress progress{io.err, "mails", 0};
    const auto count = [&](LedgerStore::Kept kept) {
      ++(kept == LedgerStore::Kept::stored ? stored : known);
      progress.step();
    };
    for (const std::string& file : arguments.words())
      if (const Status done = take_in(file, office, parse, acknowledge, count); !done)
        exit = cli::fail(io, done.error().within(file));
  }
  log(Event::mails_imported, {{"count", stored}, {"known", known}});
  if (arguments.wants_json())
    cli::print_json(io.out, {{"taken_in", stored}, {"known", known}});
  else
    io.out << fmt::format("{} taken in, {} known already; `run` files them\n", stored, known);
  return exit;
}

/// Only the ledger changes, so that a `run` at work is not disturbed: its next look fetches them.
/// If we die between two folders, then the same command asks for the rest.
cli::Exit run_adopt(App& app, const cli::Arguments& arguments, cli::Io io) {
  const Result<UtcDay> since = parse_iso_day(arguments.value("--since").value_or(""));
  if (!since) return cli::refuse(io, "--since: write a date like 2026-11-24");
  return program::opened_as<Office>(app, arguments, io, [&](Office& office, const std::string&) {
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
