#include <fmt/format.h>

#include "intake/answer/register.h"
#include "intake/cli/commands.h"
#include "lib/imap/imap_mailbox.h"
#include "lib/program/doctor.h"
#include "lib/program/health.h"
#include "lib/program/servers.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

namespace {

using program::Findings;

constexpr std::chrono::days kHolidaysSoon{60};

void look_at_mailbox(Findings& findings, App& app, const Config& config, UtcTime now) {
  const Result<net::Endpoint> endpoint = program::endpoint_of("imap", config.imap);
  if (!endpoint) return findings.bad("imap", endpoint.error());
  if (!program::look_at_server(findings, "imap", config.imap.url, *endpoint, now)) return;
  auto mailbox = imap::ImapMailbox::connect(app.connector, *endpoint);
  if (!mailbox) return findings.bad("imap", mailbox.error());
  for (const std::string& folder : config.imap.watch) {
    const Result<mail::FolderState> state = (*mailbox)->open(folder);
    if (state)
      findings.good("imap", fmt::format("logged in; {} holds {} mails", folder, state->exists));
    else if (state.error().fault() == Fault::not_found)
      findings.warn("imap", state.error().text() + "; make it or take it out of imap.watch");
    else
      return findings.bad("imap", state.error());
  }
}

void look_at_last_look(Findings& findings, store::Connection& connection, UtcTime now,
                       std::chrono::milliseconds poll) {
  const auto last = store::MetaStore{connection}.time(store::Fact::last_look);
  if (!last) return findings.bad("last look", last.error());
  if (!*last)
    return findings.warn("last look", "the mailbox was never looked at; start trust-intake run");
  const auto age = std::chrono::floor<std::chrono::minutes>(now - **last);
  if (!program::is_looked_at(*last, now, poll))
    findings.warn("last look",
                  fmt::format("the mailbox was last looked at {} min ago; is the service running?",
                              age.count()));
  else
    findings.good("last look", fmt::format("{} min ago", age.count()));
}

void look_at_files(Findings& findings, const Config& config, UtcTime now) {
  const Result<Calendar> calendar = load_calendar(config);
  if (!calendar)
    findings.bad("holidays", calendar.error());
  else if (!config.holidays)
    findings.warn("holidays", "none are configured: every Monday to Friday counts");
  else if (calendar->last_known() && UtcTime{*calendar->last_known()} < now + kHolidaysSoon)
    findings.warn(
        "holidays",
        fmt::format("the file ends with {}; later due times are provisional: add the next year",
                    to_iso_day(*calendar->last_known())));
  else
    findings.good("holidays", "calendar " + calendar->version());
  const Result<ServiceBook> services = load_services(config);
  findings.note("services", services,
                services ? fmt::format("{} services are known", services->services().size()) : "");
  findings.note("templates", Letters::load(config::templates_folder(config.templates)),
                "all can be filled in");
  if (config.register_url || config.register_file) {
    const Result<std::string> text = read_register(config);
    const Result<Register> incidents =
        text ? Register::from_json(*text) : Result<Register>{text.error()};
    findings.note("register", incidents, "readable");
  } else {
    findings.warn("register", "none is configured: answers may point to any https URL");
  }
}

}  // namespace

cli::Exit run_doctor(App& app, const cli::Arguments& arguments, cli::Io io) {
  Findings findings{io, arguments.wants_json()};
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!findings.note("config", config, arguments.config_file())) return findings.exit();
  const UtcTime now = app.clock.now();
  look_at_files(findings, *config, now);
  findings.note("parser", app.new_parser()(""), "starts and answers");
  if (auto connection = program::look_at_store(findings, store_of(*config)))
    look_at_last_look(findings, *connection, now, config->imap.poll);
  look_at_mailbox(findings, app, *config, now);
  program::look_at_relay(findings, app.connector, config->smtp, now);
  return findings.exit();
}

cli::Exit run_check_config(App&, const cli::Arguments& arguments, cli::Io io) {
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!config) return program::not_ready(io, config.error());
  program::ConfigCheck check{io};
  check.note(program::endpoint_of("imap", config->imap));
  check.note(program::endpoint_of("smtp", config->smtp));
  check.note(store_of(*config).database());
  check.note(load_calendar(*config));
  check.note(load_services(*config));
  check.note(Letters::load(config::templates_folder(config->templates)));
  if (config->register_file) check.note(read_register(*config));
  check.note_file("imap.ca_file", config->imap.ca_file);
  check.note_file("smtp.ca_file", config->smtp.ca_file);
  if (!config->register_url && !config->register_file)
    check.remark("no register is configured; answers may point to any https URL");
  if (!config->holidays) check.remark("no holidays are configured; every Monday to Friday counts");
  return check.exit(arguments.config_file());
}

}  // namespace trust::intake
