#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/case/case_store.h"
#include "intake/case/promise.h"
#include "intake/cli/commands.h"
#include "intake/mailbox/ledger_store.h"
#include "lib/cli/output.h"

namespace trust::intake {

namespace {

using Mail = LedgerStore::Quarantined;

struct Quarantine {
  std::vector<Mail> mails;
  std::vector<std::optional<UtcTime>> due;  ///< of each; none: its promise has not begun
};

/// All that was asked for in vain, or only the mail of that name. Fault::not_found: there is none.
Result<Quarantine> find(Office& office, const std::vector<std::string>& words) {
  const auto all = LedgerStore{office.connection}.quarantined();
  if (!all) return all.error();
  Quarantine found;
  for (const Mail& mail : *all) {
    if (mail.tries == 0 || (!words.empty() && mail.name() != words.front())) continue;
    const auto promises =
        CaseStore{office.connection}.promises_of(std::string{kQuarantineCase} + mail.name());
    if (!promises) return promises.error();
    const Promise* const open = open_promise(*promises, "quarantine");
    found.mails.push_back(mail);
    found.due.push_back(open == nullptr ? std::nullopt : std::optional{open->due});
  }
  if (!words.empty() && found.mails.empty())
    return Error{Fault::not_found,
                 "no mail of that name is in quarantine; `quarantine list` names them"};
  return found;
}

std::string when(const std::optional<UtcTime>& time) { return time ? to_rfc3339(*time) : ""; }

}  // namespace

cli::Exit run_quarantine_list(Office& office, const cli::Arguments& arguments, cli::Io io) {
  const auto found = find(office, arguments.words());
  if (!found) return cli::fail(io, found.error());
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < found->mails.size(); ++i) {
    const Mail& mail = found->mails[i];
    if (arguments.wants_json())
      cli::print_json(io.out, {{"mail", mail.name()},
                               {"folder", mail.key.folder},
                               {"uidvalidity", mail.key.uidvalidity},
                               {"uid", mail.uid},
                               {"arrived", cli::or_null(mail.arrived)},
                               {"seen", to_rfc3339(mail.seen)},
                               {"tries", mail.tries},
                               {"next_try", to_rfc3339(mail.next_try)},
                               {"due", cli::or_null(found->due[i])}});
    else
      rows.push_back({mail.name(), when(mail.arrived), to_rfc3339(mail.seen),
                      std::to_string(mail.tries), to_rfc3339(mail.next_try), when(found->due[i])});
  }
  if (!arguments.wants_json())
    cli::print_columns(io.out, {"MAIL", "ARRIVED", "SEEN", "TRIES", "NEXT TRY", "DUE"}, rows);
  return cli::Exit::done;
}

cli::Exit run_quarantine_retry(Office& office, const cli::Arguments& arguments, cli::Io io) {
  const auto found = find(office, arguments.words());
  if (!found) return cli::fail(io, found.error());
  for (const Mail& mail : found->mails)
    if (const Status done = LedgerStore{office.connection}.retry_now(mail, office.app.clock.now());
        !done)
      return cli::fail(io, done.error());
  io.err << found->mails.size() << " mails are asked for at the next look\n";
  return cli::Exit::done;
}

}  // namespace trust::intake
