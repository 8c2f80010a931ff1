#include "notifier/flow/staff_decided.h"

#include "lib/base/log.h"
#include "lib/outbox/outbox_store.h"
#include "lib/store/transact.h"
#include "notifier/announcement/announcement_store.h"
#include "notifier/delivery/delivery_store.h"

namespace trust::notifier {

namespace {

/// Why an announcement could not be changed.
Error refusal(store::Connection& store, const std::string& id) {
  const auto standing = AnnouncementStore{store}.standing(id);
  if (!standing) return standing.error();
  if (!*standing)
    return {Fault::not_found, "no announcement has this id; announcement list shows them"};
  return {Fault::conflict, "the announcement is " + std::string{name_of((*standing)->state)}};
}

}  // namespace

Result<int> cancel_announcement(store::Connection& store, const std::string& id, UtcTime now) {
  Result<int> rows = store::transact(store, [&](store::Connection& c) -> Result<int> {
    const Result<bool> cancelled = AnnouncementStore{c}.cancel(id);
    if (!cancelled) return cancelled.error();
    if (!*cancelled) return refusal(c, id);
    return outbox::OutboxStore{c}.cancel_batch(id, now);
  });
  if (rows) log(Event::announcement_cancelled, {{"announcement", id}, {"rows", *rows}});
  return rows;
}

Status resume_announcement(store::Connection& store, const std::string& id,
                           std::chrono::milliseconds hold, UtcTime now) {
  const Result<bool> resumed = DeliveryStore{store}.resume(id, now + hold, now);
  if (!resumed) return resumed.error();
  return *resumed ? ok() : Status{refusal(store, id)};
}

}  // namespace trust::notifier
