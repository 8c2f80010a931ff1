#include "notifier/flow/clock_ticked.h"

#include "lib/base/log.h"
#include "notifier/announcement/announcement_store.h"
#include "notifier/delivery/delivery_store.h"

namespace trust::notifier {

namespace {

Status finish_if_done(store::Connection& store, const Announcement& a, UtcTime now) {
  DeliveryStore deliveries{store};
  const Result<bool> done = deliveries.is_finished(a.id);
  if (!done) return done.error();
  if (!*done) return ok();
  const Result<Report> report = deliveries.report(a);
  if (!report) return report.error();
  const Result<bool> finished = AnnouncementStore{store}.finish(a.id, now);
  if (!finished) return finished.error();
  if (*finished)
    log(Event::announcement_finished,
        {{"announcement", a.id}, {"accepted", report->accepted}, {"failed", report->failed}});
  return ok();
}

}  // namespace

Status clock_ticked(store::Connection& store, UtcTime now) {
  const auto open = AnnouncementStore{store}.open();
  if (!open) return open.error();
  for (const Announcement& a : *open) {
    if (a.state == AnnouncementState::holding && a.hold_until <= now) {
      const Result<bool> released = DeliveryStore{store}.release(a.id, now);
      // A count that differs is logged, and stops that announcement alone.
      if (!released && released.error().fault() != Fault::internal) return released.error();
    } else if (a.state == AnnouncementState::sending) {
      if (Status done = finish_if_done(store, a, now); !done) return done;
    }
  }
  return ok();
}

}  // namespace trust::notifier
