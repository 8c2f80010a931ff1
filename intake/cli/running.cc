#include "intake/cli/running.h"

#include <chrono>
#include <future>

#include "intake/cli/filing_loop.h"
#include "intake/cli/mailbox_loop.h"
#include "lib/program/servers.h"

namespace trust::intake {

namespace {

/// What a look or a filing may take to notice that it is to end; beyond it nothing is lost.
constexpr std::chrono::seconds kLoopsEnd{3};

constexpr int kLooks = 3;
constexpr std::chrono::seconds kBetweenLooks{1};

bool is_worth_another(const Status& looked) {
  return !looked && looked.error().fault() == Fault::unavailable;
}

}  // namespace

Running::Running(App& app, Office& office, StopSignal& stop, std::ostream& err)
    : app_{app},
      office_{office},
      stop_{stop},
      err_{err},
      worker_{std::make_unique<outbox::Worker>(
          program::sending_with(office.config.smtp), office.database,
          [this] { return program::transport_to(app_.connector, office_.config.smtp); },
          outbox::Worker::NewComposer{}, app.clock, stop)} {}

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
  if (!sent) sent = program::explain_relay(app_.connector, office_.config.smtp, sent.error());
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
