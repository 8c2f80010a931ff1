#include "lib/outbox/worker.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/presence.h"
#include "lib/outbox/retry.h"

namespace trust::outbox {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLook = 300ms;  ///< how often the store is asked for new rows
constexpr milliseconds kFirstRelayPause = 1s;
constexpr milliseconds kLongestRelayPause = 25s;
constexpr int kRelayFailuresUntilIdle = 3;

double random_fraction() {
  return static_cast<double>(static_cast<unsigned char>(random_bytes(1)[0])) / 256.0;
}

/// At most `rate` mails a second over all connections, reserved before they are sent: each mail
/// gets the next free slot on the clock, so waiting for the relay does not slow the rate.
class TokenBucket {
 public:
  explicit TokenBucket(int rate_per_second) : rate_{rate_per_second} {}

  /// How long to wait for the reserved slot.
  milliseconds reserve() {
    if (rate_ <= 0) return 0ms;
    const std::scoped_lock lock{mutex_};
    const auto now = steady_clock::now();
    // Unused time may be made up for, but only a tenth of a second of it.
    next_ = std::max(next_, now - 100ms);
    const auto slot = next_;
    next_ += std::chrono::duration_cast<steady_clock::duration>(1s) / rate_;
    return std::max(0ms, std::chrono::ceil<milliseconds>(slot - now));
  }

 private:
  const int rate_;
  std::mutex mutex_;
  steady_clock::time_point next_ = steady_clock::now();
};

}  // namespace

struct Worker::Impl {
  Impl(WorkerSettings s, store::Database d, NewTransport t, NewComposer c, const Clock& k,
       StopSignal& e)
      : settings{s},
        database{std::move(d)},
        new_transport{std::move(t)},
        new_composer{std::move(c)},
        clock{k},
        stop{e} {}

  WorkerSettings settings;
  store::Database database;
  NewTransport new_transport;
  NewComposer new_composer;
  const Clock& clock;
  StopSignal& stop;

  TokenBucket bucket{settings.rate_per_second};
  std::mutex mutex;
  std::condition_variable changed;
  bool ending = false;
  unsigned long wakes = 0;
  std::atomic<int> relay_failures{0};
  std::atomic<int> last_relay_fault{static_cast<int>(Fault::unavailable)};
  std::optional<Presence> presence;
  std::vector<std::thread> threads;

  bool is_ending() {
    const std::scoped_lock lock{mutex};
    return ending || stop.requested();
  }

  /// Until something is queued, `span` is over or the end is asked for.
  void pause(milliseconds span) {
    std::unique_lock lock{mutex};
    const unsigned long seen = wakes;
    const auto until = steady_clock::now() + span;
    while (!ending && !stop.requested() && wakes == seen && steady_clock::now() < until)
      changed.wait_for(lock, std::min<milliseconds>(100ms, span));
  }

  Status take_over(store::Connection& connection) {
    const Result<Recovered> found =
        OutboxStore{connection}.recover(clock.now(), /*all=*/presence->is_alone());
    if (!found) return found.error();
    if (found->queued + found->uncertain > 0)
      log(Event::mail_recovered, {{"queued", found->queued}, {"uncertain", found->uncertain}});
    return ok();
  }

  void run_thread(int number);
  bool look(store::Connection& connection, const std::string& owner, mail::Transport& transport,
            Composer* composer, milliseconds& relay_pause);
  mail::Outcome send_one(store::Connection& connection, const std::string& owner,
                         mail::Transport& transport, Composer* composer, const ClaimedMail& mail);
  void settle(store::Connection& connection, const std::string& owner, const ClaimedMail& mail,
              const Verdict& verdict);
  void housekeep(store::Connection& connection);
};

// Without the durable record of its verdict a mail could be sent again, so recording goes on until
// the store takes it or the lease makes the row uncertain; nothing else is sent meanwhile.
// If we die here, then the row is `sending`, becomes uncertain, and is sent once more after 15 min.
void Worker::Impl::settle(store::Connection& connection, const std::string& owner,
                          const ClaimedMail& mail, const Verdict& verdict) {
  const auto give_up = steady_clock::now() + settings.lease;
  while (steady_clock::now() < give_up) {
    const Result<bool> recorded =
        OutboxStore{connection}.record(mail.id, owner, verdict, clock.now());
    if (recorded) return;
    if (is_ending() && steady_clock::now() > give_up - settings.lease + 5s) return;
    if (Result<store::Connection> fresh = database.connect()) connection = *std::move(fresh);
    std::this_thread::sleep_for(200ms);
  }
}

// Order: compose from what the store says now; everything but the end of the mail goes to the
// relay; `sending` is committed; the end leaves; the answer is committed. If we die before the
// mark, then the row is `claimed`, nothing has been sent, and it is queued again. If we die after
// the mark, then the row is `sending` and becomes uncertain.
mail::Outcome Worker::Impl::send_one(store::Connection& connection, const std::string& owner,
                                     mail::Transport& transport, Composer* composer,
                                     const ClaimedMail& mail) {
  Composed composed{mail.envelope_from, mail.recipient, mail.message};
  if (mail.message.empty() && composer != nullptr) {
    auto made = composer->compose(connection, mail);
    if (!made) {
      const bool later = made.error().fault() == Fault::unavailable;
      settle(connection, owner, mail,
             {.state = later ? State::queued : State::failed,
              .due = clock.now() + 60s,
              .reply_text = later ? "" : "this mail could not be composed"});
      return mail::Outcome::held_back;
    }
    if (const State* instead = std::get_if<State>(&*made)) {
      log(Event::mail_dropped,
          {{"row", mail.id}, {"kind", name_of(mail.kind)}, {"state", name_of(*instead)}});
      settle(connection, owner, mail, {.state = *instead, .due = clock.now()});
      return mail::Outcome::held_back;
    }
    composed = std::get<Composed>(*std::move(made));
  }

  std::optional<State> unwanted;
  const auto mark = [&]() -> Status {
    bool ours = false;
    Status marked = connection.transaction([&](store::Connection& c) -> Status {
      unwanted.reset();
      if (mail.message.empty() && composer != nullptr) {
        const auto wanted = composer->still_wanted(c, mail, composed);
        if (!wanted) return wanted.error();
        if (*wanted) {
          unwanted = **wanted;
          return Error{Fault::conflict, "no longer wanted"};
        }
      }
      const Result<bool> held = OutboxStore{c}.mark_sending(mail.id, owner, clock.now());
      if (!held) return held.error();
      ours = *held;
      return ok();
    });
    if (!marked) return marked;
    return ours ? ok() : Status{Error{Fault::conflict, "the row was taken away"}};
  };

  const auto began = steady_clock::now();
  const mail::SendResult result =
      transport.send({composed.envelope_from, composed.recipient}, composed.message, mark);
  const UtcTime now = clock.now();
  Verdict verdict = verdict_for(mail, result, now, random_fraction());
  if (result.outcome == mail::Outcome::held_back && unwanted)
    verdict = {.state = *unwanted, .due = now};
  settle(connection, owner, mail, verdict);

  const auto ms = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began).count();
  const std::string_view kind = name_of(mail.kind);
  switch (result.outcome) {
    case mail::Outcome::accepted:
      log(Event::mail_accepted, {{"row", mail.id}, {"kind", kind}, {"ms", std::int64_t{ms}}});
      break;
    case mail::Outcome::deferred:
    case mail::Outcome::failed:
      log(result.outcome == mail::Outcome::deferred ? Event::mail_deferred : Event::mail_failed,
          {{"row", mail.id}, {"kind", kind}, {"code", result.code}, {"status", result.status}});
      break;
    case mail::Outcome::uncertain:
      log(Event::mail_uncertain, {{"row", mail.id}, {"kind", kind}});
      break;
    case mail::Outcome::held_back:
      if (unwanted)
        log(Event::mail_dropped, {{"row", mail.id}, {"kind", kind}, {"state", name_of(*unwanted)}});
      break;
    case mail::Outcome::relay: last_relay_fault = static_cast<int>(result.fault); break;
  }
  return result.outcome;
}

/// One round: claim and send. False: there was nothing to do.
bool Worker::Impl::look(store::Connection& connection, const std::string& owner,
                        mail::Transport& transport, Composer* composer, milliseconds& relay_pause) {
  OutboxStore rows{connection};
  // A rate keeps few rows in hand, so that urgent mail does not wait behind a claimed batch.
  const int limit = settings.rate_per_second > 0
                        ? std::clamp(settings.rate_per_second, 1, settings.claim_rows)
                        : settings.claim_rows;
  const UtcTime now = clock.now();
  const auto mails = rows.claim(owner, limit, now, now + settings.lease);
  if (!mails || mails->empty()) return false;
  auto renew_at = steady_clock::now() + settings.lease / 3;
  for (const ClaimedMail& mail : *mails) {
    if (const milliseconds wait = bucket.reserve(); wait > 0ms) stop.wait_for(wait);
    if (is_ending()) break;
    if (steady_clock::now() > renew_at) {
      if (!rows.extend(owner, clock.now() + settings.lease)) break;
      renew_at = steady_clock::now() + settings.lease / 3;
    }
    if (send_one(connection, owner, transport, composer, mail) == mail::Outcome::relay) {
      // The relay's trouble, not the mails': all go back, and nobody's attempts are consumed.
      ++relay_failures;
      relay_pause = std::clamp(relay_pause * 2, kFirstRelayPause, kLongestRelayPause);
      log(Event::relay_failed,
          {{"step", "send"},
           {"fault", static_cast<Fault>(last_relay_fault.load())},
           {"retry_s", std::chrono::ceil<std::chrono::seconds>(relay_pause).count()}});
      break;
    }
    relay_failures = 0;
    relay_pause = 0ms;
  }
  if (!rows.give_back(owner, clock.now()))
    log(Event::store_failed, {{"statement", "give_back"}, {"fault", Fault::unavailable}});
  return true;
}

void Worker::Impl::housekeep(store::Connection& connection) {
  OutboxStore rows{connection};
  const UtcTime now = clock.now();
  // Failures are logged by the store and the next look tries again.
  if (!rows.expire(now) || !rows.queue_uncertain_again(now, settings.uncertain_pause)) return;
  if (database.engine() == store::Engine::postgresql || !settings.alone)
    static_cast<void>(rows.recover(now, /*all=*/false).has_value());
}

void Worker::Impl::run_thread(int number) {
  const std::string owner = random_id();
  const std::unique_ptr<mail::Transport> transport = new_transport();
  const std::unique_ptr<Composer> composer = new_composer ? new_composer() : nullptr;
  milliseconds relay_pause = 0ms;
  auto housekeep_at = steady_clock::now();
  std::optional<store::Connection> connection;
  while (!is_ending()) {
    if (!connection) {
      Result<store::Connection> fresh = database.connect();
      if (!fresh) {
        pause(1s);
        continue;
      }
      connection.emplace(*std::move(fresh));
    }
    if (number == 0 && steady_clock::now() >= housekeep_at) {
      housekeep(*connection);
      housekeep_at = steady_clock::now() + 1s;
    }
    if (!look(*connection, owner, *transport, composer.get(), relay_pause))
      pause(kLook);
    else if (relay_pause > 0ms) {
      const double jitter = 1.0 + 0.2 * random_fraction();
      pause(milliseconds{
          static_cast<std::int64_t>(static_cast<double>(relay_pause.count()) * jitter)});
    }
  }
  transport->close();
}

Worker::Worker(WorkerSettings settings, store::Database database, NewTransport transport,
               NewComposer composer, const Clock& clock, StopSignal& stop)
    : impl_{new Impl{settings, std::move(database), std::move(transport), std::move(composer),
                     clock, stop}} {}

Worker::~Worker() { Worker::stop(); }

Status Worker::start() {
  Result<store::Connection> connection = impl_->database.connect();
  if (!connection) return connection.error();
  Result<Presence> presence = Presence::enter(impl_->database, impl_->settings.alone);
  if (!presence) return presence.error();
  impl_->presence.emplace(*std::move(presence));
  if (Status taken = impl_->take_over(*connection); !taken) return taken;
  if (Status settled = impl_->presence->settle(); !settled) return settled;
  for (int i = 0; i < std::max(1, impl_->settings.connections); ++i)
    impl_->threads.emplace_back([this, i] { impl_->run_thread(i); });
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
    const Result<int> busy = rows.count_busy(impl_->clock.now());
    if (!busy) return busy.error();
    looks_without = *busy == 0 ? looks_without + 1 : 0;
    if (looks_without == 2 || impl_->stop.requested()) return ok();
    if (*busy > 0 && impl_->relay_failures >= kRelayFailuresUntilIdle)
      return Error{static_cast<Fault>(impl_->last_relay_fault.load()),
                   "the relay cannot be used; " + std::to_string(*busy) +
                       " mails wait in the outbox; run doctor"};
    impl_->stop.wait_for(50ms);
  }
}

void Worker::stop() {
  {
    const std::scoped_lock lock{impl_->mutex};
    impl_->ending = true;
    impl_->changed.notify_all();
  }
  for (std::thread& thread : impl_->threads)
    if (thread.joinable()) thread.join();
  impl_->threads.clear();
  impl_->presence.reset();
}

}  // namespace trust::outbox
