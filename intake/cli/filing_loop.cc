#include "intake/cli/filing_loop.h"

#include <ostream>
#include <utility>

#include "intake/flow/clock_ticked.h"
#include "lib/base/log.h"

namespace trust::intake {

namespace {
constexpr std::chrono::seconds kBetweenLooks{2};
}  // namespace

FilingLoop::FilingLoop(const Office& office, const StopSignal& stop, std::function<void()> queued,
                       std::ostream& err)
    : office_{office},
      stop_{stop},
      queued_{std::move(queued)},
      err_{err},
      parse_{office.app.new_parser()} {
  settings_.identity = office.identity();
  settings_.staff = office.config.staff_addresses();
  settings_.own_lists = office.config.own_lists;
  settings_.authserv_id = office.config.authserv_id;
  settings_.acknowledgments_per_hour = office.config.acknowledge_per_hour;
  settings_.notices_at = office.config.notices.at.since_midnight;
}

Result<Arrived> FilingLoop::look() {
  if (!connection_) {
    Result<store::Connection> connection = office_.database.connect();
    if (!connection) return connection.error();
    connection_.emplace(*std::move(connection));
  }
  const FlowTools tools{*connection_,     office_.keyring, office_.calendar,
                        office_.services, office_.letters, office_.app.clock};
  // The clock first: it needs no parser and does not wait for a long queue.
  const Result<int> told = clock_ticked(tools, settings_);
  if (told && *told > 0) queued_();
  Result<Arrived> arrived =
      told ? mails_arrived(tools, settings_, parse_, stop_) : Result<Arrived>{told.error()};
  if (!arrived)
    connection_.reset();
  else if (arrived->queued > 0)
    queued_();
  return arrived;
}

Status FilingLoop::file_all() {
  for (;;) {
    const Result<Arrived> arrived = look();
    if (!arrived) return arrived.error();
    if (stop_.requested()) return ok();
    if (arrived->did_anything()) continue;
    if (arrived->stuck == 0) return ok();
    return Error{Fault::internal,
                 std::to_string(arrived->stuck) +
                     " mails cannot be filed; they are kept and tried again, the log "
                     "says more"};
  }
}

void FilingLoop::run() {
  while (!stop_.requested()) {
    const Result<Arrived> arrived = look();
    if (!arrived) {
      log(Event::store_failed,
          {{"statement", "mails_arrived"}, {"fault", arrived.error().fault()}});
      if (std::exchange(told_, arrived.error().text()) != arrived.error().text())
        err_ << told_ << '\n' << std::flush;
    } else {
      told_.clear();
    }
    if (!arrived || !arrived->did_anything()) pause();
  }
}

void FilingLoop::pause() {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, kBetweenLooks, [this] { return woken_ || stop_.requested(); });
  woken_ = false;
}

void FilingLoop::wake() {
  const std::scoped_lock lock{mutex_};
  woken_ = true;
  changed_.notify_all();
}

}  // namespace trust::intake
