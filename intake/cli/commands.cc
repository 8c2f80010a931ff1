#include "intake/cli/commands.h"

#include <utility>

#include "intake/answer/letters.h"
#include "lib/render/mail_template.h"

namespace trust::intake {

namespace {

using cli::kBy;
using cli::kJson;

using Act = cli::Exit(Office&, const cli::Arguments&, cli::Io);
template <Act* act>
constexpr auto opened = program::run_opened<App, Office, act>;
template <Act* act>
constexpr auto as_staff = program::run_as_staff<App, Office, act>;

cli::Exit run_templates(App&, const cli::Arguments&, cli::Io io) {
  render::print_templates(io.out, letter_table());
  return cli::Exit::done;
}

const cli::Option kPreview{"--preview", "", "print the mail and send nothing"};
const cli::Option kAnyway{"--anyway", "", "although somebody has answered already"};
const cli::Option kAtVersion{"--if-version", "N", "hold the answer unless the case is still at N"};

std::vector<cli::Command<App>> all_commands() {
  std::vector<cli::Command<App>> table{
      {"run",
       "",
       "The service: reads the mailbox, files, acknowledges, tells staff, sends",
       {{"--until-idle", "", "end once the mailbox is reconciled and nothing is left to send now"}},
       run_service},
      {"status", "", "One screen: last look, cases, outbox", {kJson}, opened<run_status>},
      {"parse",
       "FILE…",
       "What stored mail says, without store or network (- = standard input)",
       {kJson,
        {"--out", "DIR", "write DIR/FILE.json for each"},
        {"--services", "FILE", "services.json to recognise services by"}},
       run_parse},
      {"list",
       "",
       "The queue, most urgent promise first",
       {{"--state", "STATE", "open (default), answered, closed, look or all"},
        {"--assignee", "WHO", "of one person"},
        {"--late", "", "only late ones"},
        {"--search", "WORDS", "in subject, reporter and id"},
        kJson},
       run_list},
      {"show",
       "CASE",
       "One case with its mails, clocks and history",
       {{"--raw", "", "its mails byte for byte"}, kJson},
       opened<run_show>},
      {"attachment", "CASE N", "The N-th attachment of a case, decoded", {}, run_attachment},
      {"answer",
       "CASE OUTCOME [URL]",
       "Answers the reporter: tracking, post-mortem URL, explained or bounty; text from standard "
       "input",
       {{"--incident", "ID", "which incident is tracked"},
        kPreview,
        kAnyway,
        kAtVersion,
        kBy,
        kJson},
       run_answer},
      {"reply",
       "CASE",
       "Text to the reporter without an outcome; the clocks stay",
       {kPreview, kAnyway, kAtVersion, kBy, kJson},
       run_reply},
      {"note",
       "CASE",
       "Words for staff, kept in the case's history; from standard input",
       {kBy, kJson},
       run_note},
      {"close",
       "CASE",
       "Out of the queue; of spam and duplicates an open promise becomes void",
       {{"--as", "WHAT", "done, spam or duplicate"}, kBy, kJson},
       run_close},
      {"report",
       "CASE",
       "A look becomes a report, with its true arrival time",
       {kBy, kJson},
       run_report},
      {"acknowledge",
       "CASE",
       "Acknowledges a report although age or budget forbid it",
       {kBy, kJson},
       run_acknowledge},
      {"adopt",
       "",
       "Has `run` make cases of mails that were there before it; older than a day are not "
       "acknowledged",
       {{"--since", "DATE", "those that arrived since then"}, kBy, kJson},
       run_adopt},
      {"import",
       "FILE…",
       "Takes in mails of mbox or .eml files as if they had been fetched",
       {{"--acknowledge", "", "their senders may be acknowledged, within the budgets"}, kBy, kJson},
       as_staff<run_import>},
      {"due",
       "",
       "Promises by due time",
       {{"--within", "SPAN", "how far ahead (default 24h)"}, kJson},
       run_due},
      {"audit", "", "Mailbox against ledger, and the history chains", {kJson}, opened<run_audit>},
      {"quarantine list",
       "",
       "Mails whose bytes the mailbox does not hand over",
       {kJson},
       opened<run_quarantine_list>},
      {"quarantine show", "MAIL", "One of them", {kJson}, opened<run_quarantine_list>},
      {"quarantine retry",
       "[MAIL]",
       "Asks for one, or for all, at the next look",
       {},
       opened<run_quarantine_retry>},
  };
  for (auto& row : program::care_commands<App, Config, kProgram, store_of>(
           {"Tries IMAP, SMTP, store, DNS and certificates, and says what to do", run_check_config,
            run_doctor, run_templates}))
    table.push_back(std::move(row));
  return table;
}

}  // namespace

std::span<const cli::Command<App>> commands() {
  static const std::vector<cli::Command<App>> table = all_commands();
  return table;
}

}  // namespace trust::intake
