#include "intake/cli/mailbox_loop.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "intake/mailbox/ledger.h"
#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/config/config_file.h"
#include "lib/imap/imap_mailbox.h"
#include "lib/program/servers.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{25'000};
constexpr std::chrono::minutes kLoginPauses[] = {std::chrono::minutes{5}, std::chrono::minutes{15},
                                                 std::chrono::minutes{60}};
constexpr std::chrono::hours kBetweenWholeLooks{1};
constexpr BusinessDays kRecent{3};

/// Up to a fifth less, so that many that failed together do not come back together.
milliseconds jittered(milliseconds pause) {
  const auto byte = static_cast<unsigned char>(random_bytes(1)[0]);
  return pause - pause * byte / (5 * 256);
}

FirstLook first_look_of(const config::MailFrom& from) {
  using Kind = config::MailFrom::Kind;
  switch (from.kind) {
    case Kind::now: return {FirstLook::From::now, {}};
    case Kind::all: return {FirstLook::From::all, {}};
    case Kind::date: break;
  }
  return {FirstLook::From::date, from.since};
}

}  // namespace

MailboxLoop::MailboxLoop(App& app, const Office& office, const StopSignal& stop,
                         std::function<void()> looked, std::ostream& err)
    : app_{app}, office_{office}, stop_{stop}, looked_{std::move(looked)}, err_{err} {}

Status MailboxLoop::open_both() {
  if (!connection_) {
    step_ = "store";
    Result<store::Connection> connection = office_.database.connect();
    if (!connection) return connection.error();
    connection_.emplace(*std::move(connection));
  }
  if (mailbox_) return ok();
  step_ = "connect";
  Result<net::Endpoint> endpoint = program::endpoint_of("imap", office_.config.imap);
  if (!endpoint) return endpoint.error();
  endpoint->interrupt = &office_.interrupt;
  auto mailbox = imap::ImapMailbox::connect(app_.connector, *endpoint);
  if (!mailbox) return mailbox.error();
  mailbox_ = *std::move(mailbox);
  log(Event::mailbox_connected);
  return ok();
}

Status MailboxLoop::sync(Extent extent) {
  step_ = "sync";
  const auto began = steady_clock::now();
  SyncSettings settings;
  settings.account = office_.config.imap.url.account();
  settings.first_look = first_look_of(office_.config.imap.from);
  settings.recent_since = office_.calendar.start_of_business_days_before(app_.clock.now(), kRecent);
  settings.whole = extent == Extent::whole;
  int stored = 0, known = 0;
  const auto count = [&](const std::string&) {
    // Filing may begin while the rest is still being fetched.
    if (stored++ % 16 == 0) looked_();
  };
  for (const std::string& folder : watched_folders(office_.config)) {
    if (stop_.requested()) return ok();
    const Result<Synced> synced =
        sync_folder(*mailbox_, folder, *connection_, office_.keyring, settings, app_.clock, count);
    if (!synced && synced.error().fault() == Fault::not_found) {
      if (missing_.insert(folder).second) err_ << synced.error().text() << '\n' << std::flush;
      continue;
    }
    if (!synced) return synced.error();
    known += synced->known;
    if (synced->before_us > 0)
      err_ << "mail that was there before the first run: " << synced->before_us
           << ", of the last 3 business days: " << synced->recent
           << "; no cases, no acknowledgments\n"
           << std::flush;
  }
  if (stored > 0 || extent == Extent::whole)
    log(Event::mailbox_synced,
        {{"new", stored},
         {"known", known},
         {"ms", std::chrono::floor<milliseconds>(steady_clock::now() - began).count()}});
  step_ = "store";
  if (Status put = store::MetaStore{*connection_}.put(store::Fact::last_look, app_.clock.now());
      !put)
    return put;
  looked_();
  return ok();
}

Status MailboxLoop::look(Extent extent) {
  Status done = open_both();
  if (done) done = sync(extent);
  if (done) return done;
  mailbox_.reset();
  connection_.reset();
  return done;
}

Status MailboxLoop::look_once() {
  Status looked = look(Extent::whole);
  if (!looked) log_failure(looked.error(), milliseconds{0});
  return looked;
}

void MailboxLoop::log_failure(const Error& error, milliseconds pause) const {
  log(Event::mailbox_failed, {{"step", step_},
                              {"fault", error.fault()},
                              {"retry_s", std::chrono::ceil<std::chrono::seconds>(pause).count()}});
}

void MailboxLoop::explain(const Error& error, milliseconds pause) {
  log_failure(error, pause);
  if (told_ == error.text()) return;
  told_ = error.text();
  err_ << told_ << '\n' << std::flush;
}

void MailboxLoop::wait_for_login(milliseconds pause) {
  const std::string& file = office_.config.imap.password_file;
  const std::string before = config::stamp_of(file);
  const auto end = steady_clock::now() + pause;
  while (steady_clock::now() < end && config::stamp_of(file) == before)
    if (!stop_.wait_for(kFirstPause)) return;
}

void MailboxLoop::run() {
  milliseconds pause = kFirstPause;
  std::size_t refused = 0;
  std::optional<steady_clock::time_point> whole_at;
  while (!stop_.requested()) {
    const auto now = steady_clock::now();
    const bool whole = !whole_at || now - *whole_at > kBetweenWholeLooks;
    const Status looked = look(whole ? Extent::whole : Extent::news);
    if (looked) {
      if (whole) whole_at = now;
      pause = kFirstPause;
      refused = 0;
      told_.clear();
      stop_.wait_for(office_.config.imap.poll);
    } else if (stop_.requested()) {
      return;
    } else if (looked.error().fault() == Fault::denied) {
      const auto wait = kLoginPauses[std::min(refused++, std::size(kLoginPauses) - 1)];
      explain(looked.error(), wait);
      wait_for_login(wait);
    } else {
      explain(looked.error(), pause);
      stop_.wait_for(jittered(pause));
      pause = std::min(pause * 2, kLongestPause);
    }
  }
}

}  // namespace trust::intake
