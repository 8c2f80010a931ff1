#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "intake/mailbox/ledger_store.h"
#include "intake/mailbox/mail_file.h"
#include "lib/base/log.h"
#include "lib/cli/json_out.h"
#include "lib/cli/progress.h"

namespace trust::intake {

namespace {

constexpr std::chrono::hours kClockSkew{1};

struct Taken {
  int stored = 0, known = 0;
};

/// All mails of one file, each in a transaction of its own.
/// If we die between two, then the same command finds what is stored and goes on behind it.
Status take_in(const std::string& file, Office& office, const ParseMail& parse,
               MayAcknowledge acknowledge, const Clock& clock, cli::Progress& progress,
               Taken& taken) {
  std::ifstream in{file, std::ios::binary};
  MailFile mails{in, kMostMailBytes};
  bool any = false;
  while (const auto mail = mails.next()) {
    any = true;
    // Hostile bytes: the caged child reads when it was received.
    const Result<mail::ParsedMail> parsed = parse(mail->raw);
    if (!parsed) return parsed.error();
    const UtcTime now = clock.now();
    const auto& stamp = parsed->topmost_received;
    const Received received = stamp && *stamp <= now + kClockSkew
                                  ? Received{*stamp, "received_field"}
                                  : Received{now, "first_seen"};
    LedgerStore::Kept kept{};
    const Status done = office.connection.transaction([&](store::Connection& c) -> Status {
      auto stored =
          LedgerStore{c}.import({0, {}, mail->size, mail->raw, mail->truncated}, received,
                                office.keyring.digest("bytes", mail->raw), acknowledge, now);
      if (!stored) return stored.error();
      kept = stored->kept;
      return ok();
    });
    if (!done) return done;
    ++(kept == LedgerStore::Kept::stored ? taken.stored : taken.known);
    progress.step();
  }
  if (!any || in.bad()) return Error{Fault::not_found, "holds no mail, or cannot be read"};
  return ok();
}

}  // namespace

cli::Exit run_import(App& app, const cli::Arguments& arguments, cli::Io io) {
  return in_office_as(arguments, io, [&](Office& office, const std::string&) {
    const auto acknowledge =
        arguments.has("--acknowledge") ? MayAcknowledge::yes : MayAcknowledge::no;
    const ParseMail parse = app.new_parser();
    Taken taken;
    auto exit = cli::Exit::done;
    {
      cli::Progress progress{io.err, "mails", 0};
      for (const std::string& file : arguments.words())
        if (const Status done =
                take_in(file, office, parse, acknowledge, app.clock, progress, taken);
            !done)
          exit = cli::fail(io, done.error().within(file));
    }
    log(Event::mails_imported, {{"count", taken.stored}, {"known", taken.known}});
    if (arguments.wants_json())
      cli::print_json(io.out, {{"taken_in", taken.stored}, {"known", taken.known}});
    else
      io.out << fmt::format("{} taken in, {} known already; `run` files them\n", taken.stored,
                            taken.known);
    return exit;
  });
}

}  // namespace trust::intake
