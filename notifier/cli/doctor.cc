#include <fmt/format.h>

#include "lib/program/doctor.h"
#include "lib/program/servers.h"
#include "notifier/cli/commands.h"
#include "notifier/page/html_page.h"
#include "notifier/web/pages.h"

namespace trust::notifier {

namespace {

using program::Findings;

void look_at_site(Findings& findings, App& app, const Config& config, UtcTime now) {
  const config::Url& url = config.site.base_url;
  net::Endpoint endpoint;
  endpoint.url = url.text;
  if (config.site.ca_file) endpoint.ca_file = config::credential_path(*config.site.ca_file);
  program::look_at_server(findings, "site", url, endpoint, now);
  const auto answer = app.new_fetch(config, nullptr)(url.text);
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

/// What large receivers ask of list mail, as far as it is settled here.
void look_at_mail(Findings& findings, const Config& config) {
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
  Findings findings{io, arguments.wants_json()};
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!findings.note("config", config, arguments.config_file())) return findings.exit();
  const UtcTime now = app.clock.now();
  look_at_mail(findings, *config);
  program::look_at_store(findings, store_of(*config));
  look_at_site(findings, app, *config, now);
  program::look_at_relay(findings, app.connector, config->smtp, now);
  return findings.exit();
}

cli::Exit run_check_config(App&, const cli::Arguments& arguments, cli::Io io) {
  const Result<Config> config = config::load_file<Config>(arguments.config_file());
  if (!config) return program::not_ready(io, config.error());
  program::ConfigCheck check{io};
  check.note(program::endpoint_of("smtp", config->smtp));
  check.note(store_of(*config).database());
  check.note(load_office(*config));
  check.note(site_of(*config).look_at_folder());
  check.note(PageWords::load(config::templates_folder(config->templates)));
  check.note(service_names(config->services));
  check.note_file("site.ca_file", config->site.ca_file);
  check.note_file("smtp.ca_file", config->smtp.ca_file);
  if (!config->site.folder)
    check.remark(
        "no site.folder is configured; pages are announced by `trust-notifier announce URL`");
  if (!config->http.public_url)
    check.remark(
        "no http.public_url is configured; the mails have no unsubscribe link, and "
        "there are no pages for readers");
  return check.exit(arguments.config_file());
}

}  // namespace trust::notifier
