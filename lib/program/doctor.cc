#include "lib/program/doctor.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/text.h"
#include "lib/cli/output.h"
#include "lib/net/probe.h"
#include "lib/program/servers.h"
#include "lib/smtp/smtp_transport.h"

namespace trust::program {

namespace {

constexpr std::chrono::days kCertificateSoon{14};

}  // namespace

void Findings::bad(std::string_view what, const Error& error) {
  any_bad_ = true;
  only_unavailable_ = only_unavailable_ && error.fault() == Fault::unavailable;
  print("BAD", what, error.text());
}

cli::Exit Findings::exit() const {
  if (!any_bad_) return cli::Exit::done;
  return only_unavailable_ ? cli::Exit::unavailable : cli::Exit::failed;
}

void Findings::print(std::string_view verdict, std::string_view what, const std::string& words) {
  if (as_json_)
    cli::print_json(io_.out, {{"verdict", to_lower(verdict)}, {"what", what}, {"words", words}});
  else
    io_.out << fmt::format("{:<5}{:<12}{}\n", verdict, what, to_display(words, Newlines::to_space))
            << std::flush;
}

bool look_at_server(Findings& findings, const std::string& what, const config::Url& url,
                    const net::Endpoint& endpoint, UtcTime now) {
  const auto addresses = net::resolve(url.host);
  if (!findings.note(what + " dns", addresses,
                     addresses ? fmt::format("{} is {}", url.host, join(*addresses, ", ")) : ""))
    return false;
  const std::string tls = what + " tls";
  const Result<UtcTime> end = net::certificate_end(endpoint);
  if (!end && end.error().fault() == Fault::not_found) {
    findings.good(tls, "no TLS, on this machine only");
    return true;
  }
  if (!end) {
    findings.bad(tls, end.error());
    return false;
  }
  const auto left = std::chrono::floor<std::chrono::days>(*end - now);
  const std::string words =
      fmt::format("certificate ends {}, in {} days", to_rfc3339(*end), left.count());
  if (left < kCertificateSoon)
    findings.warn(tls, words + "; have it renewed on the server");
  else
    findings.good(tls, words);
  return true;
}

void look_at_relay(Findings& findings, net::Connector& connector,
                   const config::SmtpSettings& settings, UtcTime now) {
  const Result<net::Endpoint> endpoint = endpoint_of("smtp", settings);
  if (!endpoint) return findings.bad("smtp", endpoint.error());
  if (look_at_server(findings, "smtp", settings.url, *endpoint, now)) {
    smtp::SmtpTransport relay{connector, *endpoint};
    findings.note("smtp", relay.check(), settings.url.user.empty() ? "connected" : "logged in");
    relay.close();
  }
  if (settings.divert) findings.warn("smtp", "smtp.divert is set: all mail goes to one address");
}

std::optional<store::Connection> look_at_store(Findings& findings, const ProgramStore& store) {
  Result<store::Database> database = store.database();
  if (!database) {
    findings.bad("store", database.error());
    return {};
  }
  Result<store::Connection> connection = store.connect(*database);
  if (!connection) {
    findings.bad("store", connection.error());
    return {};
  }
  if (!findings.note("store", store.require_schema(*connection), "schema is up to date")) return {};
  const Result<Keyring> keyring = store.keyring();
  if (!findings.note("keyring", keyring, "readable by us only")) return {};
  if (!findings.note("keyring", store.require_same_keys(*connection, *keyring),
                     "belongs to the store"))
    return {};
  return *std::move(connection);
}

}  // namespace trust::program
