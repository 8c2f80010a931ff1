#include "notifier/flow/service.h"

#include <algorithm>
#include <memory>

#include "notifier/delivery/mail_composer.h"
#include "notifier/flow/clock_ticked.h"
#include "notifier/flow/site_looked_at.h"

namespace trust::notifier {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTick = 300ms;
/// After a look that failed: the site is well again for no more than 30 s before we know.
constexpr std::chrono::milliseconds kFirstPause = 1s, kLongestPause = 25s;
constexpr std::chrono::seconds kPartsEnd = 3s;  ///< how long a part may take to notice the end

outbox::Worker worker_of(const ServiceParts& parts, StopSignal& stop) {
  return {parts.sending,
          parts.database,
          parts.new_transport,
          [&parts] {
            return std::make_unique<MailComposer>(
                parts.office.stationery, parts.office.confirmation, parts.keyring, parts.clock);
          },
          parts.clock,
          stop};
}

}  // namespace

/// On a thread and a connection of its own: a site may take its 20 seconds.
void Service::look_until_stopped() {
  std::chrono::milliseconds pause = kFirstPause;
  for (;;) {
    const auto began = std::chrono::steady_clock::now();
    bool is_well = false;
    if (Result<store::Connection> store = p_.database.connect()) {
      const auto looked = look_at_site(*store, p_.keyring, p_.office, p_.site, p_.clock.now());
      is_well = looked && looked->waiting == 0;
      if (looked && looked->announced + looked->held > 0) worker_->wake();
    }
    // Counted from start to start: a site that stalls takes 20 s of each try.
    auto next = std::min(p_.poll, pause);
    next -= std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    pause = is_well ? kFirstPause : std::min(pause * 2, kLongestPause);
    if (!stop_.wait_for(is_well ? p_.poll : std::max(next, std::min(p_.poll, kFirstPause)))) return;
  }
}

void Service::tick_until_stopped(store::Connection store) {
  std::chrono::milliseconds pause = kTick;
  while (stop_.wait_for(pause)) {
    const Status ticked = clock_ticked(store, p_.clock.now());
    pause = ticked ? kTick : 1s;
    // A connection that failed may be gone for good; a fresh one costs little.
    if (!ticked)
      if (Result<store::Connection> fresh = p_.database.connect()) store = *std::move(fresh);
  }
}

Status Service::start() {
  Result<store::Connection> store = p_.database.connect();
  if (!store) return store.error();
  // Before a worker may give up what is too old: nobody was running, so its two days begin now.
  if (Status ticked = clock_ticked(*store, p_.clock.now()); !ticked) return ticked;
  worker_.reset(new outbox::Worker(worker_of(p_, stop_)));
  if (Status started = worker_->start(); !started) return started;
  parts_.start("clock", [this, store = std::make_shared<store::Connection>(*std::move(store))] {
    tick_until_stopped(std::move(*store));
  });
  parts_.start("site", [this] { look_until_stopped(); });
  return ok();
}

bool Service::end() {
  if (!worker_) return true;
  if (ending_.empty()) ending_.start("sending's end", [this] { worker_->stop(); });
  const auto parts_end = std::chrono::steady_clock::now() + kPartsEnd;
  const bool sent = ending_.join_until(parts_end + p_.stop_wait);
  if (!parts_.join_until(parts_end) || !sent) return false;
  worker_.reset();
  return true;
}

Idle run_until_idle(const ServiceParts& parts, StopSignal& stop) {
  Result<store::Connection> store = parts.database.connect();
  if (!store) return {store.error(), ok()};
  const auto look =
      look_at_site(*store, parts.keyring, parts.office, parts.site, parts.clock.now());
  const Status looked = look ? ok() : Status{look.error()};
  if (Status ticked = clock_ticked(*store, parts.clock.now()); !ticked) return {ticked, looked};
  outbox::Worker worker = worker_of(parts, stop);
  if (Status started = worker.start(); !started) return {started, looked};
  const Status sent = worker.wait_until_idle();
  worker.stop();
  return {sent ? clock_ticked(*store, parts.clock.now()) : sent, looked};
}

}  // namespace trust::notifier
