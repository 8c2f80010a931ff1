#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cli/output.h"
#include "lib/mail/address.h"
#include "lib/store/transact.h"
#include "notifier/cli/commands.h"
#include "notifier/incident/incident.h"
#include "notifier/subscriber/csv.h"
#include "notifier/subscriber/subscriber_store.h"

namespace trust::notifier {

namespace {

using cli::Exit;

constexpr std::uint64_t kMostCsvBytes = 256ULL << 20U;
constexpr int kPage = 1000;

/// A change of one reader: `act` in a transaction, then what became of them on standard error.
Exit change(
    Opened& all, const cli::Arguments& arguments, cli::Io io,
    const std::function<Result<Subscriber>(SubscriberStore&, const std::string& address)>& act) {
  const Result<std::string> address = mail::strict_address(arguments.words().front());
  if (!address)
    return cli::refuse(io, "no address that can be written to: " + address.error().text());
  const auto now_is = store::transact(all.store, [&](store::Connection& c) {
    SubscriberStore list{c, all.keyring};
    return act(list, *address);
  });
  if (!now_is) return cli::fail(io, now_is.error());
  log(Event::subscriber_changed, {{"subscriber", now_is->id}, {"state", name_of(now_is->state)}});
  io.err << name_of(now_is->state) << '\n';
  return Exit::done;
}

std::vector<std::string> services_of(const cli::Arguments& arguments) {
  std::vector<std::string> folded;
  for (const std::string& service : services_from(arguments.value("--services").value_or("")))
    folded.push_back(folded_service(service));
  return folded;
}

Consent consent_of(const Opened& all, const cli::Arguments& arguments) {
  return {arguments.value("--consent").value_or(""), "command", all.app.clock.now()};
}

std::string or_empty(const std::optional<UtcTime>& time) { return time ? to_rfc3339(*time) : ""; }

/// Every reader of a state (or all), a page at a time.
Status for_each(Opened& all, std::optional<SubscriberState> state,
                const std::function<void(const Subscriber&)>& see) {
  SubscriberStore list{all.store, all.keyring};
  for (std::string after;;) {
    const auto page = list.list(state, after, kPage);
    if (!page) return page.error();
    for (const Subscriber& s : *page) see(s);
    if (page->size() < static_cast<std::size_t>(kPage)) return ok();
    after = page->back().id;
  }
}

}  // namespace

cli::Exit run_subscriber_add(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  return change(all, arguments, io, [&](SubscriberStore& list, const std::string& address) {
    return list.ask(address, services_of(arguments), consent_of(all, arguments));
  });
}

cli::Exit run_subscriber_confirm(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  return change(all, arguments, io, [&](SubscriberStore& list, const std::string& address) {
    return list.confirm(address, consent_of(all, arguments));
  });
}

cli::Exit run_subscriber_remove(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  return change(all, arguments, io, [&](SubscriberStore& list, const std::string& address) {
    return list.leave(address, all.app.clock.now());
  });
}

cli::Exit run_subscriber_list(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const std::optional<std::string> wanted = arguments.value("--state");
  const std::optional<SubscriberState> state =
      wanted ? named<SubscriberState>(*wanted) : std::nullopt;
  if (wanted && !state)
    return cli::refuse(io, "--state: write asked, confirmed, left or suppressed");
  if (arguments.wants_json()) {
    io.out << "{\"subscribers\":[";
    const char* between = "";
    const Status done = for_each(all, state, [&](const Subscriber& s) {
      io.out << between
             << nlohmann::ordered_json({{"id", s.id},
                                        {"address", s.address},
                                        {"state", name_of(s.state)},
                                        {"services", s.services},
                                        {"confirmed_at", cli::or_null(s.confirmed_at)},
                                        {"consent", cli::or_null(s.consent_text)},
                                        {"left_at", cli::or_null(s.left_at)}})
                    .dump();
      between = ",";
    });
    io.out << "]}\n";
    return done ? Exit::done : cli::fail(io, done.error());
  }
  std::vector<std::vector<std::string>> lines;
  const Status done = for_each(all, state, [&](const Subscriber& s) {
    lines.push_back({s.address, std::string{name_of(s.state)}, or_empty(s.confirmed_at),
                     s.services.empty() ? "all" : join(s.services, "; ")});
  });
  if (!done) return cli::fail(io, done.error());
  cli::print_columns(io.out, {"address", "state", "confirmed", "services"}, lines);
  return Exit::done;
}

cli::Exit run_subscriber_import(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const bool confirmed = arguments.has("--confirmed");
  const std::string consent = arguments.value("--consent").value_or("");
  if (confirmed && trim(consent).empty())
    return cli::refuse(io, "--confirmed needs --consent TEXT: the words these readers agreed to");
  const Result<std::string> text = read_file(arguments.words().front(), kMostCsvBytes);
  if (!text) return cli::fail(io, text.error());
  const ImportFile file = read_import_file(*text, all.app.clock.now());
  for (const ImportProblem& problem : file.problems)
    io.err << arguments.words().front() << ':' << problem.line << ": " << problem.what << '\n';
  if (!file.problems.empty()) {
    io.err << "nothing was imported\n";
    return Exit::failed;
  }
  cli::Progress progress{io.err, "importing", file.rows.size()};
  const auto counts = SubscriberStore{all.store, all.keyring}.import(
      file.rows, confirmed, consent, all.app.clock.now(), [&] { progress.step(); });
  if (!counts) return cli::fail(io, counts.error());
  const nlohmann::ordered_json json{
      {"rows", file.rows.size()},       {"added", counts->added},
      {"confirmed", counts->confirmed}, {"unchanged", counts->unchanged},
      {"left", counts->left},           {"suppressed", counts->suppressed}};
  if (arguments.wants_json())
    cli::print_json(io.out, json);
  else
    for (const auto& [name, count] : json.items())
      io.out << fmt::format("{:<11}{}\n", name, count.dump());
  return Exit::done;
}

cli::Exit run_subscriber_export(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const CsvFor reader = arguments.has("--plain") ? CsvFor::machines : CsvFor::spreadsheets;
  io.out << csv_record({"address", "services", "confirmed_at", "consent"}, reader);
  const Status done = for_each(all, SubscriberState::confirmed, [&](const Subscriber& s) {
    io.out << csv_record(
        {s.address, join(s.services, ";"), or_empty(s.confirmed_at), s.consent_text}, reader);
  });
  return done ? Exit::done : cli::fail(io, done.error());
}

}  // namespace trust::notifier
