#include <fmt/format.h>

#include <ostream>

#include "lib/base/text.h"
#include "lib/cli/findings.h"
#include "lib/net/probe.h"
#include "lib/smtp/smtp_transport.h"
#include "notifier/cli/commands.h"
#include "notifier/page/html_page.h"

namespace trust::notifier {

namespace {

constexpr std::chrono::days kCertificateSoon{14};

void look_at_server(cli::Findings& findings, const std::string& what, const config::Url& url,
                    const net::Endpoint& endpoint, UtcTime now) {
  const auto addresses = net::resolve(url.host);
  if (!findings.note(what + " dns", addresses,
                     addresses ? fmt::format("{} is {}", url.host, join(*addresses, ", ")) : ""))
    return;
  const Result<UtcTime> end = net::certificate_end(endpoint);
  if (!end && end.error().fault() == Fault::not_found)
    return findings.good(what + " tls", "no TLS, on this machine only");
  if (!end) return findings.bad(what + " tls", end.error());
  const auto left = std::chrono::floor<std::chrono::days>(*end - now);
  const std::string words =
      fmt::format("certificate ends {}, in {} days", to_rfc3339(*end), left.count());
  if (left < kCertificateSoon)
    findings.warn(what + " tls", words + "; have it renewed on the server");
  else
    findings.good(what + " tls", words);
}

void look_at_relay(cli::Findings& findings, App& app, const Config& config, UtcTime now) {
  const Result<net::Endpoint> endpoint = smtp_endpoint(config);
  if (!endpoint) return findings.bad("smtp", endpoint.error());
  look_at_server(findings, "smtp", config.smtp.url, *endpoint, now);
  smtp::SmtpTransport relay{app.connector, *endpoint};
  findings.note("smtp", relay.check(), config.smtp.url.user.empty() ? "connected" : "logged in");
  relay.close();
  if (config.smtp.divert) findings.warn("smtp", "smtp.divert is set: all mail goes to one address");
}

void look_at_site(cli::Findings& findings, App& app, const Config& config, UtcTime now) {
  const config::Url& url = config.site.base_url;
  net::Endpoint endpoint;
  endpoint.url = url.text;
  if (config.site.ca_file) endpoint.ca_file = config::credential_path(*config.site.ca_file);
  look_at_server(findings, "site", url, endpoint, now);
  const auto answer = app.new_fetch(config)(url.text);
  if (!answer) {
    findings.bad("site", answer.error());
  } else if (answer->code != 200) {
    findings.warn("site",
                  fmt::format("site.base_url answers HTTP {}; the pages below it may answer all "
                              "the same",
                              answer->code));
  } else if (const auto article = read_html_page(answer->body, config.site.article); !article) {
    findings.warn("site", "site.base_url answers, but no selector of site.article matches there");
  } else {
    findings.good("site", "answers, and its article is found");
  }
  if (!config.site.folder)
    return findings.warn("folder", "none is configured; the live history page is watched");
  const auto look = site_of(config).look_at_folder();
  if (!findings.note("folder", look,
                     look ? fmt::format("{} post-mortems", look->pages.size()) : ""))
    return;
  for (const BadFile& bad : look->bad)
    findings.warn("folder", bad.id + " cannot be read: " + bad.reason);
}

void look_at_store(cli::Findings& findings, const Config& config) {
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
}

/// What large receivers ask of list mail, as far as it is settled here.
void look_at_mail(cli::Findings& findings, const Config& config) {
  findings.note("templates", load_office(config), "all can be filled in");
  if (!config.http.public_url || !config.http.public_url->is_encrypted())
    findings.warn("unsubscribe",
                  "no https http.public_url: the mails have no List-Unsubscribe, which large "
                  "receivers ask for");
  if (!config.bounces.address)
    findings.warn("bounces", "no bounces.address: bounces come back to the address of `from`");
}

}  // namespace

cli::Exit run_doctor(App& app, const cli::Arguments& arguments, cli::Io io) {
  cli::Findings findings{io, arguments.wants_json()};
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!findings.note("config", config, arguments.config_file())) return findings.exit();
  const UtcTime now = app.clock.now();
  look_at_mail(findings, *config);
  look_at_store(findings, *config);
  look_at_site(findings, app, *config, now);
  look_at_relay(findings, app, *config, now);
  return findings.exit();
}

}  // namespace trust::notifier
