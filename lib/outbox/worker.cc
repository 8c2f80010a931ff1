#include "lib/outbox/worker.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/pace.h"
#include "lib/outbox/presence.h"
#include "lib/outbox/retry.h"
#include "lib/store/epoch.h"

namespace trust::outbox {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLook = 300ms;         ///< how often the store is asked for new rows
constexpr milliseconds kRest = 100ms;         ///< how soon a StopSignal or the relay's end is seen
constexpr milliseconds kHousekeeping = 1s;    ///< how often leases and times are looked at
constexpr milliseconds kRecordAtTheEnd = 5s;  ///< a store that takes longer loses the answer

double random_fraction() {
  return static_cast<double>(static_cast<unsigned char>(random_bytes(1)[0])) / 256.0;
}

/// One connection to the relay with what its thread needs. `mutex` of the worker guards `owner` and
/// `step`.
struct Line {
  enum class Step { resting, talking, answering, over };

  std::string owner = random_id();
  Step step = Step::resting;
  std::unique_ptr<mail::Transport> transport;
  std::unique_ptr<Composer> composer;
  std::optional<store::Connection> connection;
  Breaker::Leave leave = Breaker::Leave::wait;
  bool has_turn = false;  ///< a moment of the rate that was not used
  std::thread thread;
};

}  // namespace

struct Worker::Impl {
  WorkerSettings settings;
  store::Database database;
  NewTransport new_transport;
  NewComposer new_composer;
  const Clock& clock;
  StopSignal& stop;

  std::shared_ptr<store::Epoch> epoch =
      database.epoch() ? database.epoch() : std::make_shared<store::Epoch>();
  TokenBucket bucket{settings.rate_per_second};
  Breaker breaker{settings.secret_stamp};
  Breaks breaks;
  std::mutex mutex;
  std::condition_variable changed;
  bool ending = false;
  bool over = false;  ///< of all lines
  unsigned long wakes = 0;
  std::optional<Presence> presence;
  std::deque<Line> lines;
  std::thread keeper;

  bool is_ending() {
    const std::scoped_lock lock{mutex};
    return ending || stop.requested();
  }

  enum class EndedBy { time, wake };
  /// Until `until`, the end is asked for, or (EndedBy::wake) something is queued.
  void rest(SteadyTime until, EndedBy ended_by = EndedBy::time) {
    std::unique_lock lock{mutex};
    const unsigned long seen = wakes;
    while (!ending && !stop.requested() && (ended_by == EndedBy::time || wakes == seen) &&
           steady_clock::now() < until)
      changed.wait_until(lock, std::min(until, steady_clock::now() + kRest));
  }

  /// False once the end is asked for, when neither mail nor end of a mail may begin to leave.
  bool enter(Line& line, Line::Step step) {
    const std::scoped_lock lock{mutex};
    if (ending || stop.requested()) return false;
    line.step = step;
    return true;
  }
  void leave(Line& line, Line::Step step) {
    const std::scoped_lock lock{mutex};
    line.step = step;
    changed.notify_all();
  }

  Status take_over(store::Connection& connection, bool all) {
    const Result<Recovered> found = OutboxStore{connection}.recover(clock.now(), all);
    if (!found) return found.error();
    if (found->queued + found->uncertain > 0)
      log(Event::mail_recovered, {{"queued", found->queued}, {"uncertain", found->uncertain}});
    return ok();
  }

  bool connect(Line& line);
  void run_line(Line& line);
  void look(Line& line);
  void send_one(Line& line, const ClaimedMail& mail);
  Status mark(Line& line, const ClaimedMail& mail, const Composed& composed,
              std::optional<State>& unwanted);
  void settle(Line& line, const ClaimedMail& mail, const Verdict& verdict);
  void hear(Line& line, const ClaimedMail& mail, const mail::SendResult& result, SteadyTime began,
            Verdict& verdict);
  Status housekeep(store::Connection& connection);
  void run_keeper();
};

// Without the durable record of its verdict a mail could be sent again, so recording goes on until
// the store takes it; nothing else is sent on this line meanwhile.
// If we die here, then the row is `sending`, becomes uncertain, and is sent once more after 15 min.
void Worker::Impl::settle(Line& line, const ClaimedMail& mail, const Verdict& verdict) {
  std::optional<SteadyTime> give_up;
  for (;;) {
    const auto record = [&](store::Connection& c) -> Status {
      const auto held = OutboxStore{c}.record(mail.id, line.owner, verdict, clock.now());
      return held ? ok() : Status{held.error()};
    };
    if (epoch->raise(*line.connection, record, /*tries=*/1) || epoch->went_back()) return;
    if (is_ending() && !give_up) give_up = steady_clock::now() + kRecordAtTheEnd;
    if (give_up && steady_clock::now() > *give_up) return;
    if (Result<store::Connection> fresh = database.connect()) line.connection = *std::move(fresh);
    std::this_thread::sleep_for(200ms);
  }
}

/// The last look before the end of the mail leaves.
Status Worker::Impl::mark(Line& line, const ClaimedMail& mail, const Composed& composed,
                          std::optional<State>& unwanted) {
  const Error stopping{Fault::conflict, "the worker stops"};
  if (is_ending()) return stopping;
  Status marked = epoch->raise(*line.connection, [&](store::Connection& c) -> Status {
    unwanted.reset();
    if (mail.message.empty() && line.composer) {
      const auto wanted = line.composer->still_wanted(c, mail, composed);
      if (!wanted) return wanted.error();
      if (*wanted) {
        unwanted = **wanted;
        return Error{Fault::conflict, "no longer wanted"};
      }
    }
    const Result<bool> held = OutboxStore{c}.mark_sending(mail.id, line.owner, clock.now());
    if (!held) return held.error();
    return *held ? ok() : Status{Error{Fault::conflict, "the row was taken away"}};
  });
  return !marked || enter(line, Line::Step::answering) ? marked : Status{stopping};
}

/// What an answer says about the relay and, where a connection broke, about the mail.
void Worker::Impl::hear(Line& line, const ClaimedMail& mail, const mail::SendResult& result,
                        SteadyTime began, Verdict& verdict) {
  const std::string_view kind = name_of(mail.kind);
  const SteadyTime now = steady_clock::now();
  const auto ms = std::chrono::floor<milliseconds>(now - began).count();
  const bool trouble =
      result.outcome == mail::Outcome::relay || result.outcome == mail::Outcome::uncertain;
  switch (result.outcome) {
    case mail::Outcome::accepted:
      log(Event::mail_accepted, {{"row", mail.id}, {"kind", kind}, {"ms", ms}});
      break;
    case mail::Outcome::deferred:
    case mail::Outcome::failed:
      log(result.outcome == mail::Outcome::deferred ? Event::mail_deferred : Event::mail_failed,
          {{"row", mail.id}, {"kind", kind}, {"code", result.code}, {"status", result.status}});
      break;
    case mail::Outcome::uncertain:
      log(Event::mail_uncertain, {{"row", mail.id}, {"kind", kind}});
      break;
    case mail::Outcome::held_back: return;
    case mail::Outcome::relay: break;
  }
  if (!trouble) {
    breaks.answered(mail.id);
    if (const auto down = breaker.works(now))
      log(Event::relay_recovered,
          {{"down_s", std::chrono::round<std::chrono::seconds>(*down).count()}});
  } else if (!is_ending()) {
    // The relay's trouble, not the mail's: it goes back, and nobody's attempts are consumed.
    if (result.under_way) verdict.due += breaks.broke(mail.id, random_fraction());
    if (const auto pause = breaker.failed(line.leave, result.fault, began, now, random_fraction()))
      log(Event::relay_failed,
          {{"step", result.outcome == mail::Outcome::uncertain ? "answer" : "send"},
           {"fault", result.fault},
           {"retry_s", std::chrono::ceil<std::chrono::seconds>(*pause).count()}});
  }
  if (trouble || line.leave == Breaker::Leave::probe) line.leave = Breaker::Leave::wait;
}

// Order: compose from what the store says now; everything but the end of the mail goes to the
// relay; `sending` is committed, and remembered by the epoch; the end leaves; the answer likewise.
// If we die before the mark, then the row is `claimed`, nothing has been sent, and it is queued
// again. If we die after the mark, then the row is `sending` and becomes uncertain.
void Worker::Impl::send_one(Line& line, const ClaimedMail& mail) {
  Composed composed{mail.envelope_from, mail.recipient, mail.message};
  const auto drop = [&](State state) {
    log(Event::mail_dropped,
        {{"row", mail.id}, {"kind", name_of(mail.kind)}, {"state", name_of(state)}});
    settle(line, mail, {.state = state, .due = clock.now()});
  };
  if (mail.message.empty() && line.composer) {
    auto made = line.composer->compose(*line.connection, mail);
    if (!made) {
      const bool later = made.error().fault() == Fault::unavailable;
      return settle(line, mail,
                    {.state = later ? State::queued : State::failed,
                     .due = clock.now() + 60s,
                     .reply_text = later ? "" : "this mail could not be composed"});
    }
    if (const State* instead = std::get_if<State>(&*made)) return drop(*instead);
    composed = std::get<Composed>(*std::move(made));
  }
  if (!enter(line, Line::Step::talking)) return;
  std::optional<State> unwanted;
  const SteadyTime began = steady_clock::now();
  const mail::SendResult result =
      line.transport->send({composed.envelope_from, composed.recipient}, composed.message,
                           [&] { return mark(line, mail, composed, unwanted); });
  leave(line, Line::Step::resting);
  if (result.outcome == mail::Outcome::held_back && unwanted) return drop(*unwanted);
  Verdict verdict = verdict_for(mail, result, clock.now(), random_fraction());
  hear(line, mail, result, began, verdict);
  settle(line, mail, verdict);
}

/// One round: claim and send.
void Worker::Impl::look(Line& line) {
  // A rate keeps few rows in hand, so that urgent mail does not wait behind a claimed batch.
  const int limit = line.leave == Breaker::Leave::probe ? 1
                    : settings.rate_per_second > 0
                        ? std::clamp(settings.rate_per_second, 1, settings.claim_rows)
                        : settings.claim_rows;
  const UtcTime now = clock.now();
  const auto mails =
      OutboxStore{*line.connection}.claim(line.owner, limit, now, now + settings.lease);
  if (!mails) return line.connection.reset();
  if (mails->empty()) return rest(steady_clock::now() + kLook, EndedBy::wake);
  for (const ClaimedMail& mail : *mails) {
    if (!line.has_turn) rest(bucket.reserve(steady_clock::now()));
    line.has_turn = true;
    if (is_ending() || line.leave == Breaker::Leave::wait) break;
    if (line.leave == Breaker::Leave::send && !breaker.is_closed()) break;
    const auto urgent = OutboxStore{*line.connection}.is_more_urgent_due(mail.kind, clock.now());
    if (!urgent || *urgent) break;
    line.has_turn = false;
    send_one(line, mail);
  }
  if (!OutboxStore{*line.connection}.give_back(line.owner, clock.now())) line.connection.reset();
}

/// A new session after the first or a failed one. What its owner had claimed goes back; what it was
/// sending runs out its lease and is uncertain.
bool Worker::Impl::connect(Line& line) {
  Result<store::Connection> fresh = database.connect();
  if (!fresh || !OutboxStore{*fresh}.give_back(line.owner, clock.now())) return false;
  line.connection = *std::move(fresh);
  const std::scoped_lock lock{mutex};
  line.owner = random_id();
  return true;
}

void Worker::Impl::run_line(Line& line) {
  while (!is_ending()) {
    if (!line.connection && !connect(line)) {
      rest(steady_clock::now() + 1s);
      continue;
    }
    line.leave = breaker.ask(steady_clock::now());
    if (line.leave == Breaker::Leave::wait) {
      rest(steady_clock::now() + kRest);
      continue;
    }
    look(line);
    if (line.leave == Breaker::Leave::probe) breaker.nothing_tried();
  }
  line.transport->close();
  leave(line, Line::Step::over);
}

Status Worker::Impl::housekeep(store::Connection& connection) {
  if (Status known = epoch->keep(connection); !known) return known;
  OutboxStore rows{connection};
  const UtcTime now = clock.now();
  std::vector<std::string> owners;
  {
    const std::scoped_lock lock{mutex};
    for (const Line& line : lines) owners.push_back(line.owner);
  }
  for (const std::string& owner : owners)
    if (Status extended = rows.extend(owner, now + settings.lease / 2, now + settings.lease);
        !extended)
      return extended;
  if (const auto expired = rows.expire(now); !expired) return expired.error();
  if (const auto again = rows.queue_uncertain_again(now, settings.uncertain_pause); !again)
    return again.error();
  return take_over(connection, /*all=*/false);
}

void Worker::Impl::run_keeper() {
  std::optional<store::Connection> connection;
  const auto is_over = [this] { return over; };
  for (std::unique_lock lock{mutex}; !over; changed.wait_for(lock, kHousekeeping, is_over)) {
    lock.unlock();
    if (!connection)
      if (Result<store::Connection> fresh = database.connect())
        connection.emplace(*std::move(fresh));
    // The store has logged what failed.
    if (connection && !(housekeep(*connection) && presence->keep())) connection.reset();
    lock.lock();
  }
}

Worker::Worker(WorkerSettings settings, store::Database database, NewTransport transport,
               NewComposer composer, const Clock& clock, StopSignal& stop)
    : impl_{new Impl{std::move(settings), std::move(database), std::move(transport),
                     std::move(composer), clock, stop}} {}

Worker::~Worker() { Worker::stop(); }

Status Worker::start() {
  Result<store::Connection> connection = impl_->database.connect();
  if (!connection) return connection.error();
  Result<Presence> presence = Presence::enter(impl_->database, impl_->settings.alone);
  if (!presence) return presence.error();
  impl_->presence.emplace(*std::move(presence));
  if (Status taken = impl_->take_over(*connection, impl_->presence->is_alone()); !taken)
    return taken;
  if (Status settled = impl_->presence->settle(); !settled) return settled;
  for (int i = 0; i < std::max(1, impl_->settings.connections); ++i) {
    Line& line = impl_->lines.emplace_back();
    line.transport = impl_->new_transport();
    if (impl_->new_composer) line.composer = impl_->new_composer();
  }
  for (Line& line : impl_->lines)
    line.thread = std::thread{[this, &line] { impl_->run_line(line); }};
  impl_->keeper = std::thread{[this] { impl_->run_keeper(); }};
  return ok();
}

void Worker::wake() {
  const std::scoped_lock lock{impl_->mutex};
  ++impl_->wakes;
  impl_->changed.notify_all();
}

Status Worker::wait_until_idle() {
  Result<store::Connection> connection = impl_->database.connect();
  if (!connection) return connection.error();
  OutboxStore rows{*connection};
  // A mail that went back to the queue while we asked is due later than the time we asked for; the
  // next time is later than that. So two looks in a row must find nothing.
  int looks_without = 0;
  for (;;) {
    const Result<bool> busy = rows.is_busy(impl_->clock.now());
    if (!busy) return busy.error();
    looks_without = *busy ? 0 : looks_without + 1;
    if (looks_without == 2 || impl_->stop.requested()) return ok();
    if (const auto fault = impl_->breaker.hopeless(); *busy && fault)
      return Error{*fault, "the relay cannot be used; mails wait in the outbox; run doctor"};
    impl_->stop.wait_for(50ms);
  }
}

void Worker::stop() {
  std::unique_lock lock{impl_->mutex};
  impl_->ending = true;
  impl_->changed.notify_all();
  // What has not left yet never will; what has left gets its time.
  for (Line& line : impl_->lines)
    if (line.step == Line::Step::talking) line.transport->interrupt();
  impl_->changed.wait_for(lock, impl_->settings.stop_wait, [this] {
    return std::all_of(impl_->lines.begin(), impl_->lines.end(),
                       [](const Line& line) { return line.step == Line::Step::over; });
  });
  for (Line& line : impl_->lines) line.transport->interrupt();
  lock.unlock();
  for (Line& line : impl_->lines)
    if (line.thread.joinable()) line.thread.join();
  lock.lock();
  impl_->over = true;
  impl_->changed.notify_all();
  lock.unlock();
  if (impl_->keeper.joinable()) impl_->keeper.join();
  impl_->lines.clear();
  impl_->presence.reset();
}

}  // namespace trust::outbox
