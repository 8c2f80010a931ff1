#include "notifier/flow/service.h"

#include <memory>

#include "notifier/delivery/announcement_composer.h"
#include "notifier/flow/clock_ticked.h"
#include "notifier/flow/site_looked_at.h"

namespace trust::notifier {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick = 300ms;

outbox::Worker worker_of(const ServiceParts& parts, StopSignal& stop) {
  return {parts.sending,
          parts.database,
          parts.new_transport,
          [&parts] {
            return std::make_unique<AnnouncementComposer>(parts.office.stationery, parts.keyring,
                                                          parts.clock);
          },
          parts.clock,
          stop};
}

}  // namespace

Status run_until_stopped(const ServiceParts& parts, StopSignal& stop) {
  Result<store::Connection> store = parts.database.connect();
  if (!store) return store.error();
  // Before a worker may give up what is too old: nobody was running, so its two days begin now.
  if (Status ticked = clock_ticked(*store, parts.clock.now()); !ticked) return ticked;
  outbox::Worker worker = worker_of(parts, stop);
  if (Status started = worker.start(); !started) return started;
  auto next_look = steady_clock::now();
  while (!stop.requested()) {
    bool broken = false;
    if (steady_clock::now() >= next_look) {
      const auto looked =
          look_at_site(*store, parts.keyring, parts.office, parts.site, parts.clock.now());
      broken = !looked;
      if (looked && looked->announced + looked->held > 0) worker.wake();
      next_look = steady_clock::now() + parts.poll;
    }
    broken = !clock_ticked(*store, parts.clock.now()) || broken;
    // A connection that failed may be gone for good; a fresh one costs little.
    if (broken)
      if (Result<store::Connection> fresh = parts.database.connect()) store = std::move(fresh);
    stop.wait_for(broken ? 1s : kTick);
  }
  worker.stop();
  return ok();
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
