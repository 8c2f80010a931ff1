#include "intake/cli/running.h"

#include <chrono>
#include <future>

#include "intake/cli/filing_loop.h"
#include "intake/cli/mailbox_loop.h"
#include "lib/outbox/diverted.h"
#include "lib/smtp/smtp_transport.h"

namespace trust::intake {

namespace {

/// What a look or a filing may take to notice that it is to end; beyond it nothing is lost.
constexpr std::chrono::seconds kLoopsEnd{3};

constexpr int kLooks = 3;
constexpr std::chrono::seconds kBetweenLooks{1};

bool is_worth_another(const Status& looked) {
  return !looked && looked.error().fault() == Fault::unavailable;
}

outbox::WorkerSettings worker_settings(const Office& office) {
  outbox::WorkerSettings settings;
  settings.connections = office.config.smtp.connections;
  settings.rate_per_second = office.config.smtp.rate_per_second;
  return settings;
}

std::unique_ptr<mail::Transport> new_transport(App& app, const Config& config) {
  std::unique_ptr<mail::Transport> transport = std::make_unique<smtp::SmtpTransport>(
      app.connector, [&config] { return smtp_endpoint(config); });
  if (!config.smtp.divert) return transport;
  return outbox::diverted(std::move(transport), *config.smtp.divert);
}

}  // namespace

Running::Running(App& app, Office& office, StopSignal& stop, std::ostream& err)
    : app_{app},
      office_{office},
      stop_{stop},
      err_{err},
      worker_{std::make_unique<outbox::Worker>(
          worker_settings(office), office.database,
          [this] { return new_transport(app_, office_.config); }, outbox::Worker::NewComposer{},
          app.clock, stop)} {}

/// The relay's own trouble says more than the worker's count of failures.
Status Running::explain_relay(const Error& error) const {
  smtp::SmtpTransport relay{app_.connector, [this] { return smtp_endpoint(office_.config); }};
  if (Status reached = relay.check(); !reached) return reached;
  return error;
}

Status Running::until_idle() {
  if (Status started = worker_->start(); !started) return started;
  FilingLoop filing{app_, office_, stop_, [this] { worker_->wake(); }, err_};
  MailboxLoop mailbox{app_, office_, stop_, [] {}, err_};
  Status looked = mailbox.look_once();
  for (int again = 1; again < kLooks && is_worth_another(looked); ++again) {
    stop_.wait_for(kBetweenLooks);
    looked = mailbox.look_once();
  }
  // What is here already is filed and sent even where the mailbox is out of reach.
  const Status filed = filing.file_all();
  Status sent = worker_->wait_until_idle();
  if (!sent) sent = explain_relay(sent.error());
  worker_->stop();
  return !looked ? looked : !filed ? filed : sent;
}

Result<bool> Running::until_stopped() {
  if (Status started = worker_->start(); !started) return started.error();
  FilingLoop filing{app_, office_, stop_, [this] { worker_->wake(); }, err_};
  MailboxLoop mailbox{app_, office_, stop_, [&filing] { filing.wake(); }, err_};
  auto looking = std::async(std::launch::async, [&] { mailbox.run(); });
  auto filing_all = std::async(std::launch::async, [&] { filing.run(); });
  while (stop_.wait_for(std::chrono::hours{1})) {
  }
  filing.wake();
  auto sending = std::async(std::launch::async, [this] { worker_->stop(); });
  const auto loops_end = std::chrono::steady_clock::now() + kLoopsEnd;
  const bool sent = sending.wait_for(office_.config.smtp.stop_wait) == std::future_status::ready;
  const bool ended = looking.wait_until(loops_end) == std::future_status::ready &&
                     filing_all.wait_until(loops_end) == std::future_status::ready;
  if (sent && ended) return true;
  // Their destructors would wait for ever; the caller leaves the process at once.
  static_cast<void>(new std::future<void>{std::move(looking)});
  static_cast<void>(new std::future<void>{std::move(filing_all)});
  static_cast<void>(new std::future<void>{std::move(sending)});
  return false;
}

}  // namespace trust::intake
