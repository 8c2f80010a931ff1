#include "notifier/flow/service.h"

#include <future>
#include <memory>
#include <thread>

#include "notifier/delivery/announcement_composer.h"
#include "notifier/flow/clock_ticked.h"
#include "notifier/flow/site_looked_at.h"

namespace trust::notifier {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTick = 300ms;
constexpr std::chrono::seconds kLookEnds = 3s;  ///< how long a look may take to notice the end

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

struct Sending {
  outbox::Worker worker;
  std::promise<void> looking_ended;
};

/// Looks every `poll`, on a thread and a connection of its own: a site may take its 20 seconds.
void look_until_stopped(const ServiceParts& parts, StopSignal& stop, outbox::Worker& worker) {
  while (!stop.requested()) {
    if (Result<store::Connection> store = parts.database.connect()) {
      const auto looked =
          look_at_site(*store, parts.keyring, parts.office, parts.site, parts.clock.now());
      if (looked && looked->announced + looked->held > 0) worker.wake();
    }
    stop.wait_for(parts.poll);
  }
}

}  // namespace

Result<bool> run_until_stopped(const ServiceParts& parts, StopSignal& stop) {
  Result<store::Connection> store = parts.database.connect();
  if (!store) return store.error();
  // Before a worker may give up what is too old: nobody was running, so its two days begin now.
  if (Status ticked = clock_ticked(*store, parts.clock.now()); !ticked) return ticked.error();
  // Shared with the looking thread, which may outlive this call.
  const std::shared_ptr<Sending> sending{new Sending{worker_of(parts, stop), {}}};
  if (Status started = sending->worker.start(); !started) return started.error();
  std::thread looking{[&parts, &stop, sending] {
    look_until_stopped(parts, stop, sending->worker);
    sending->looking_ended.set_value();
  }};
  while (!stop.requested()) {
    const Status ticked = clock_ticked(*store, parts.clock.now());
    // A connection that failed may be gone for good; a fresh one costs little.
    if (!ticked)
      if (Result<store::Connection> fresh = parts.database.connect()) store = std::move(fresh);
    stop.wait_for(ticked ? kTick : 1s);
  }
  sending->worker.stop();
  const bool ended =
      sending->looking_ended.get_future().wait_for(kLookEnds) == std::future_status::ready;
  ended ? looking.join() : looking.detach();
  return ended;
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
