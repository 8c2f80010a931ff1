#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/answer/register.h"
#include "intake/cli/commands.h"
#include "lib/base/text.h"
#include "lib/cli/json_out.h"
#include "lib/imap/imap_mailbox.h"
#include "lib/net/probe.h"
#include "lib/smtp/smtp_transport.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

namespace {

constexpr std::chrono::days kCertificateSoon{14};
constexpr std::chrono::days kHolidaysSoon{60};

/// The findings so far, a line each.
class Findings {
 public:
  Findings(cli::Io io, bool as_json) : io_{io}, as_json_{as_json} {}

  void good(std::string_view what, const std::string& words) { print("good", what, words); }
  void warn(std::string_view what, const std::string& words) { print("look", what, words); }
  void bad(std::string_view what, const Error& error) {
    any_bad_ = true;
    only_unavailable_ = only_unavailable_ && error.fault() == Fault::unavailable;
    print("BAD", what, error.text());
  }
  /// "good" with `words`, or the error.
  template <class Outcome>
  bool note(std::string_view what, const Outcome& outcome, const std::string& words) {
    if (outcome)
      good(what, words);
    else
      bad(what, outcome.error());
    return outcome.has_value();
  }
  cli::Exit exit() const {
    if (!any_bad_) return cli::Exit::done;
    return only_unavailable_ ? cli::Exit::unavailable : cli::Exit::failed;
  }

 private:
  void print(std::string_view verdict, std::string_view what, const std::string& words) {
    if (as_json_)
      cli::print_json(io_.out, {{"verdict", to_lower(verdict)}, {"what", what}, {"words", words}});
    else
      io_.out << fmt::format("{:<5}{:<12}{}\n", verdict, what,
                             to_display(words, Newlines::to_space))
              << std::flush;
  }

  cli::Io io_;
  bool as_json_;
  bool any_bad_ = false;
  bool only_unavailable_ = true;
};

void look_at_dns(Findings& findings, std::string_view what, const config::Url& url) {
  const auto addresses = net::resolve(url.host);
  findings.note(what, addresses,
                addresses ? fmt::format("{} is {}", url.host, join(*addresses, ", ")) : "");
}

void look_at_certificate(Findings& findings, std::string_view what,
                         const Result<net::Endpoint>& endpoint, UtcTime now) {
  if (!endpoint) return;  // told of already
  const Result<UtcTime> end = net::certificate_end(*endpoint);
  if (!end && end.error().fault() == Fault::not_found)
    return findings.good(what, "no TLS, on this machine only");
  if (!end) return findings.bad(what, end.error());
  const auto left = std::chrono::floor<std::chrono::days>(*end - now);
  const std::string words =
      fmt::format("certificate ends {}, in {} days", to_rfc3339(*end), left.count());
  if (left < kCertificateSoon)
    findings.warn(what, words + "; have it renewed on the server");
  else
    findings.good(what, words);
}

void look_at_mailbox(Findings& findings, App& app, const Config& config) {
  const Result<net::Endpoint> endpoint = imap_endpoint(config);
  if (!endpoint) return findings.bad("imap", endpoint.error());
  auto mailbox = imap::ImapMailbox::connect(app.connector, *endpoint);
  if (!mailbox) return findings.bad("imap", mailbox.error());
  for (const std::string& folder : watched_folders(config)) {
    const Result<mail::FolderState> state = (*mailbox)->open(folder);
    if (state)
      findings.good("imap", fmt::format("logged in; {} holds {} mails", folder, state->exists));
    else if (state.error().fault() == Fault::not_found)
      findings.warn("imap", state.error().text() + "; make it or take it out of imap.watch");
    else
      return findings.bad("imap", state.error());
  }
}

void look_at_relay(Findings& findings, App& app, const Config& config) {
  const Result<net::Endpoint> endpoint = smtp_endpoint(config);
  if (!endpoint) return findings.bad("smtp", endpoint.error());
  smtp::SmtpTransport relay{app.connector, *endpoint};
  findings.note("smtp", relay.check(), config.smtp.url.user.empty() ? "connected" : "logged in");
  relay.close();
  if (config.smtp.divert) findings.warn("smtp", "smtp.divert is set: all mail goes to one address");
}

void look_at_store(Findings& findings, const Config& config, UtcTime now) {
  const auto database = database_of(config);
  if (!database) return findings.bad("store", database.error());
  Result<store::Connection> connection = connect_to_store(config, *database);
  if (!connection) return findings.bad("store", connection.error());
  if (!findings.note("store", store::require_schema(*connection, all_migrations()),
                     "schema is up to date"))
    return;
  const Result<Keyring> keyring = load_keyring(config);
  if (!findings.note("keyring", keyring, "readable by us only")) return;
  findings.note("keyring", check_keys(*connection, *keyring, config.state_dir),
                "belongs to the store");
  const auto last = store::MetaStore{*connection}.get(store::Fact::last_look);
  if (!last) return findings.bad("store", last.error());
  std::int64_t ms = 0;
  if (!*last ||
      std::from_chars((*last)->data(), (*last)->data() + (*last)->size(), ms).ec != std::errc{})
    return findings.warn("last look", "the mailbox was never looked at; start trust-intake run");
  const auto age = std::chrono::floor<std::chrono::minutes>(now - from_epoch_ms(ms));
  if (age > std::chrono::minutes{10})
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
  look_at_store(findings, *config, now);
  look_at_dns(findings, "imap dns", config->imap.url);
  look_at_mailbox(findings, app, *config);
  look_at_certificate(findings, "imap tls", imap_endpoint(*config), now);
  look_at_dns(findings, "smtp dns", config->smtp.url);
  look_at_relay(findings, app, *config);
  look_at_certificate(findings, "smtp tls", smtp_endpoint(*config), now);
  return findings.exit();
}

}  // namespace trust::intake
