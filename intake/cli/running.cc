#include "intake/cli/running.h"

#include <chrono>
#include <utility>

#include "intake/case/case_store.h"
#include "intake/cli/commands.h"
#include "lib/program/health.h"
#include "lib/program/servers.h"

namespace trust::intake {

namespace {

using std::chrono::steady_clock;

/// What a part may take to notice that it is to end; beyond it nothing is lost.
constexpr std::chrono::seconds kPartsEnd{3};

constexpr int kLooks = 3;
constexpr std::chrono::seconds kBetweenLooks{1};

bool is_worth_another(const Status& looked) {
  return !looked && looked.error().fault() == Fault::unavailable;
}

auto gauges_at(const Clock& clock) {
  return
      [&clock](store::Connection& c) -> Result<std::map<std::string, std::map<std::string, int>>> {
        CaseStore cases{c};
        const auto states = cases.count_by_state();
        if (!states) return states.error();
        const auto promises = cases.count_promises(clock.now());
        if (!promises) return promises.error();
        return std::map<std::string, std::map<std::string, int>>{{"trust_cases", *states},
                                                                 {"trust_promises", *promises}};
      };
}

}  // namespace

Running::Running(std::unique_ptr<Office> office, StopSignal& stop, std::ostream& err)
    : office_{std::move(office)}, stop_{stop}, err_{err} {}

Running::~Running() = default;

Status Running::start_sending() {
  if (!office_->config.register_url && !office_->config.register_file)
    err_ << "note: no register is configured; answers may point to any https URL\n" << std::flush;
  worker_.emplace(
      program::sending_with(office_->config.smtp), office_->database,
      [this] { return program::transport_to(office_->app.connector, office_->config.smtp); },
      outbox::Worker::NewComposer{}, office_->app.clock, stop_);
  return worker_->start();
}

Status Running::start() {
  const config::ListenAddress& at = office_->config.http.listen;
  health_ = std::make_unique<web::Server>(
      web::Router{
          program::health_routes({office_->database, office_->app.clock, "mailbox",
                                  office_->config.imap.poll, gauges_at(office_->app.clock)})},
      web::Limits{});
  if (Status listening = health_->start(at.host, at.port); !listening)
    return listening.error().within("http.listen");
  if (Status started = start_sending(); !started) return started;
  filing_.emplace(
      *office_, stop_, [this] { worker_->wake(); }, err_);
  mailbox_.emplace(
      *office_, stop_, [this] { filing_->wake(); }, err_);
  parts_.start("filing", [this] { filing_->run(); });
  parts_.start("mailbox", [this] { mailbox_->run(); });
  parts_.start("watching", [this] { mailbox_->watch(); });
  return ok();
}

bool Running::end() {
  health_.reset();
  if (!worker_) return true;
  office_->interrupt.fire();
  if (filing_) filing_->wake();
  if (mailbox_) mailbox_->wake();
  if (ending_.empty()) ending_.start("sending's end", [this] { worker_->stop(); });
  const auto parts_end = steady_clock::now() + kPartsEnd;
  const bool sent = ending_.join_until(parts_end + office_->config.smtp.stop_wait);
  if (!parts_.join_until(parts_end) || !sent) return false;
  mailbox_.reset();
  filing_.reset();
  worker_.reset();
  office_->interrupt.reset();
  return true;
}

Status Running::until_idle() {
  if (Status started = start_sending(); !started) return started;
  FilingLoop filing{*office_, stop_, [this] { worker_->wake(); }, err_};
  MailboxLoop mailbox{*office_, stop_, [] {}, err_};
  Status looked = mailbox.look_once();
  for (int again = 1; again < kLooks && is_worth_another(looked); ++again) {
    stop_.wait_for(kBetweenLooks);
    looked = mailbox.look_once();
  }
  // What is here already is filed and sent even where the mailbox is out of reach.
  const Status filed = filing.file_all();
  Status sent = worker_->wait_until_idle();
  if (!sent)
    sent = program::explain_relay(office_->app.connector, office_->config.smtp, sent.error());
  worker_->stop();
  return !looked ? looked : !filed ? filed : sent;
}

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto load = [&](StopSignal& stop,
                        const program::ProgramStore* at_work) -> Result<program::Loaded> {
    Result<std::unique_ptr<Office>> opened = Office::open(app, arguments.config_file(), at_work);
    if (!opened) return opened.error();
    Office& office = **opened;
    const Config& config = office.config;
    if (const auto imap = program::endpoint_of("imap", config.imap); !imap) return imap.error();
    if (const auto smtp = program::endpoint_of("smtp", config.smtp); !smtp) return smtp.error();
    program::ProgramStore store = store_of(config);
    if (Status held = store.hold_against_epoch(office.database, at_work, stop); !held)
      return held.error();
    return program::Loaded{std::make_unique<Running>(*std::move(opened), stop, io.err),
                           std::move(store), office.needs_restart};
  };
  return program::serve(kProgram, arguments.has("--until-idle"), io, load);
}

}  // namespace trust::intake
