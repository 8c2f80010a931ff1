#include "intake/cli/mailbox_loop.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "intake/mailbox/ledger.h"
#include "intake/mailbox/ledger_store.h"
#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/config/config_file.h"
#include "lib/program/servers.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{1'000};
constexpr milliseconds kLongestPause{25'000};
constexpr std::chrono::hours kBetweenWholeLooks{1};
constexpr std::chrono::minutes kWatch{5};  // under what makes a NAT forget us
constexpr milliseconds kSlice{1'000};
constexpr int kLooksAtOnce = 3;
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

MailboxLoop::MailboxLoop(const Office& office, const StopSignal& stop, std::function<void()> looked,
                         std::ostream& err, const Pauses& login_pauses)
    : office_{office},
      stop_{stop},
      looked_{std::move(looked)},
      err_{err},
      login_pauses_{login_pauses} {}

Result<std::unique_ptr<imap::ImapMailbox>> MailboxLoop::connect() {
  Result<net::Endpoint> endpoint = program::endpoint_of("imap", office_.config.imap);
  if (!endpoint) return endpoint.error();
  endpoint->interrupt = &office_.interrupt;
  return imap::ImapMailbox::connect(office_.app.connector, *endpoint);
}

Status MailboxLoop::open_both() {
  if (!connection_) {
    step_ = "store";
    Result<store::Connection> connection = office_.database.connect();
    if (!connection) return connection.error();
    connection_.emplace(*std::move(connection));
  }
  if (mailbox_) return ok();
  step_ = "connect";
  auto mailbox = connect();
  if (!mailbox) return mailbox.error();
  mailbox_ = *std::move(mailbox);
  log(Event::mailbox_connected);
  return ok();
}

/// One warning; every look asks for it again.
void MailboxLoop::is_missing(const std::string& folder, const Error& error) {
  watched_.erase(folder);
  if (!missing_.insert(folder).second) return;
  log(Event::folder_missing);
  err_ << folder << ": " << error.text() << '\n' << std::flush;
}

/// Whether there may be something to do in a folder, by its STATUS alone; its state is kept for the
/// next time.
Result<bool> MailboxLoop::has_moved(const std::string& folder, Extent extent) {
  const Result<mail::FolderState> state = mailbox_->status(folder);
  if (!state) return state.error();
  Watched& watched = watched_[folder];
  if (const auto now = steady_clock::now();
      now - watched.marked_at > 2 * office_.config.imap.poll) {
    watched.passed = std::exchange(watched.mark, state->uidnext);
    watched.marked_at = now;
  }
  const mail::FolderState before = std::exchange(watched.state, *state);
  if (extent == Extent::whole || state->uidnext == 0 || before != *state) return true;
  const auto due = LedgerStore{*connection_}.to_try_again(
      {office_.config.imap.url.account(), folder, state->uidvalidity}, office_.app.clock.now());
  if (!due) return due.error();
  return !due->empty();
}

Status MailboxLoop::sync(Extent extent) {
  step_ = "sync";
  const auto began = steady_clock::now();
  SyncSettings settings;
  settings.account = office_.config.imap.url.account();
  settings.first_look = first_look_of(office_.config.imap.from);
  settings.recent_since =
      office_.calendar.start_of_business_days_before(office_.app.clock.now(), kRecent);
  settings.calendar = office_.calendar;
  again_ = false;
  int stored = 0, known = 0;
  const auto count = [&](const std::string&) {
    // Filing may begin while the rest is still being fetched.
    if (stored++ % 16 == 0) looked_();
  };
  for (const std::string& folder : office_.config.imap.watch) {
    if (stop_.requested()) return ok();
    const Result<bool> moved = has_moved(folder, extent);
    if (moved && !*moved) continue;
    if (moved) settings.overlooked_below = watched_[folder].passed;
    // One that was away may be another one now.
    settings.whole = extent == Extent::whole || missing_.contains(folder);
    const Result<Synced> synced =
        moved ? sync_folder(*mailbox_, folder, *connection_, office_.keyring, settings,
                            office_.app.clock, count)
              : moved.error();
    // INBOX is always there: a server that denies it has no news that is good.
    if (!synced && synced.error().fault() == Fault::not_found &&
        !equals_ignoring_case(folder, "INBOX")) {
      is_missing(folder, synced.error());
      continue;
    }
    if (!synced) return synced.error();
    missing_.erase(folder);
    known += synced->known;
    again_ |= synced->again > 0;
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
  if (Status put =
          store::MetaStore{*connection_}.put(store::Fact::last_look, office_.app.clock.now());
      !put)
    return put;
  looked_();
  return ok();
}

Status MailboxLoop::look(Extent extent) {
  Status done = open_both();
  if (done) done = sync(extent);
  if (!done || again_) {
    mailbox_.reset();
    watched_.clear();
  }
  if (!done) connection_.reset();
  const std::scoped_lock lock{mutex_};
  is_well_ = done.has_value();
  return done;
}

Status MailboxLoop::look_once() {
  Status looked = look(Extent::whole);
  for (int again = 1; looked && again_ && again < kLooksAtOnce; ++again)
    looked = look(Extent::whole);
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

void MailboxLoop::pause(milliseconds span) {
  const auto end = steady_clock::now() + span;
  std::unique_lock lock{mutex_};
  while (!woken_ && !stop_.requested() && steady_clock::now() < end)
    changed_.wait_until(lock, std::min(end, steady_clock::now() + kSlice));
  woken_ = false;
}

void MailboxLoop::wake() {
  const std::scoped_lock lock{mutex_};
  woken_ = true;
  changed_.notify_all();
}

Status MailboxLoop::watch_once() {
  const auto mailbox = connect();
  if (!mailbox) return mailbox.error();
  if (!(*mailbox)->can_wait())
    return Error{Fault::denied, "imap: the server does not tell of new mail"};
  // A mail that came before this is seen by the look that `wake` asks for.
  if (const auto state = (*mailbox)->open("INBOX"); !state) return state.error();
  log(Event::mailbox_watched);
  for (bool news = true; !stop_.requested();) {
    if (news) wake();
    const Result<bool> waited = (*mailbox)->wait_for_news(kWatch);
    if (!waited) return waited.error();
    news = *waited;
  }
  return ok();
}

void MailboxLoop::watch() {
  milliseconds retry = kFirstPause;
  while (!stop_.requested()) {
    const bool is_well = [this] {
      const std::scoped_lock lock{mutex_};
      return is_well_;
    }();
    // Where `run` cannot look there is nothing to watch, and a refused login is not tried twice.
    if (!is_well) {
      stop_.wait_for(kFirstPause);
      continue;
    }
    const auto began = steady_clock::now();
    const Status watched = watch_once();
    if (watched) return;
    if (watched.error().fault() == Fault::denied) {
      stop_.wait_for(kBetweenWholeLooks);
      continue;
    }
    if (steady_clock::now() - began > kLongestPause) retry = kFirstPause;
    stop_.wait_for(jittered(retry));
    retry = std::min(retry * 2, kLongestPause);
  }
}

void MailboxLoop::run() {
  milliseconds retry = kFirstPause;
  std::size_t refused = 0;
  std::optional<steady_clock::time_point> whole_at;
  while (!stop_.requested()) {
    const auto now = steady_clock::now();
    const bool whole = !whole_at || now - *whole_at > kBetweenWholeLooks;
    const Status looked = look(whole ? Extent::whole : Extent::news);
    if (looked) {
      if (whole) whole_at = now;
      retry = kFirstPause;
      refused = 0;
      told_.clear();
      if (!again_) pause(office_.config.imap.poll);
    } else if (stop_.requested()) {
      return;
    } else if (step_ == "connect" && looked.error().fault() == Fault::denied) {
      const auto wait = login_pauses_[std::min(refused++, login_pauses_.size() - 1)];
      explain(looked.error(), wait);
      wait_for_login(wait);
    } else {
      explain(looked.error(), retry);
      stop_.wait_for(jittered(retry));
      retry = std::min(retry * 2, kLongestPause);
    }
  }
}

}  // namespace trust::intake
