#include "notifier/cli/commands.h"

#include <array>
#include <utility>

#include "notifier/web/pages.h"

namespace trust::notifier {

namespace {

using cli::kBy;
using cli::kJson;

using Act = cli::Exit(Opened&, const cli::Arguments&, cli::Io);
template <Act* act>
constexpr auto opened = program::run_opened<App, Opened, act>;
template <Act* act>
constexpr auto as_staff = program::run_as_staff<App, Opened, act>;

cli::Exit run_templates(App&, const cli::Arguments&, cli::Io io) {
  render::print_templates(
      io.out, std::array{announcement_template(), notice_template(), confirmation_template()});
  render::print_web_pages(io.out, page_templates());
  return cli::Exit::done;
}

const cli::Option kServices{"--services", "NAMES", "only these, ; between (default: all)"};
const cli::Option kConsent{"--consent", "TEXT", "the words the reader agreed to"};

std::vector<cli::Command<App>> all_commands() {
  std::vector<cli::Command<App>> table{
      {"run",
       "",
       "The service: watches for post-mortems, announces them, sends",
       {{"--until-idle", "", "end once the site was looked at and no delivery is due now"}},
       run_service},
      {"status",
       "",
       "One screen: last look, announcements, subscribers, outbox",
       {kJson},
       opened<run_status>},
      {"announce",
       "URL|ID",
       "Tells every confirmed subscriber of a published post-mortem",
       {{"--now", "", "without a hold"},
        {"--dry-run", "", "recipients, time needed and the mail; tells nobody"},
        {"--test", "ADDRESS", "the mail to this one address, and nobody else"},
        kBy,
        kJson},
       opened<run_announce>},
      {"announcement list",
       "",
       "All announcements, newest first",
       {kJson},
       opened<run_announcement_list>},
      {"announcement report",
       "ID",
       "Where each of its deliveries stands",
       {{"--failed", "", "who did not get it, and what the relay said"}, kJson},
       opened<run_announcement_report>},
      {"announcement cancel",
       "ID",
       "No further mail of it leaves",
       {kBy},
       as_staff<run_announcement_cancel>},
      {"announcement resume",
       "ID",
       "One that is held goes on",
       {kBy},
       as_staff<run_announcement_resume>},
      {"subscriber add",
       "ADDRESS",
       "Records that a reader asked",
       {kServices, kConsent, kBy},
       as_staff<run_subscriber_add>},
      {"subscriber confirm",
       "ADDRESS",
       "A reader who asked has confirmed: they are told from now on",
       {kConsent, kBy},
       as_staff<run_subscriber_confirm>},
      {"subscriber remove", "ADDRESS", "A reader leaves", {kBy}, as_staff<run_subscriber_remove>},
      {"subscriber list",
       "",
       "The list",
       {{"--state", "STATE", "asked, confirmed, left or suppressed (default: all)"}, kJson},
       opened<run_subscriber_list>},
      {"subscriber import",
       "FILE",
       "A CSV file: address, services, confirmed_at, consent; all of it or nothing",
       {{"--confirmed", "", "these readers have confirmed; needs --consent"}, kConsent, kBy, kJson},
       as_staff<run_subscriber_import>},
      {"subscriber export",
       "",
       "The confirmed readers as CSV",
       {{"--plain", "",
         "for machines: without the ' before what a spreadsheet takes for a formula"},
        kBy},
       as_staff<run_subscriber_export>},
      {"feed write",
       "DIR",
       "feed.xml, incidents.json, history.md, log.jsonl",
       {},
       opened<run_feed_write>},
  };
  for (auto& row : program::care_commands<App, Config, kProgram, store_of>(
           {"Tries site, SMTP, store, DNS and certificates, and says what to do", run_check_config,
            run_doctor, run_templates}))
    table.push_back(std::move(row));
  return table;
}

}  // namespace

std::span<const cli::Command<App>> commands() {
  static const std::vector<cli::Command<App>> table = all_commands();
  return table;
}

}  // namespace trust::notifier
