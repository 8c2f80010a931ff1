#include "lib/store/epoch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "lib/base/log.h"
#include "lib/store/rows.h"

namespace trust::store {

namespace {

constexpr Sql kRead{"read_epoch", "SELECT counter, value FROM epoch", "ii"};
constexpr Sql kRaise{"raise_epoch", R"sql(
    INSERT INTO epoch (counter, value) VALUES ($1, 1)
    ON CONFLICT (counter) DO UPDATE SET value = epoch.value + 1 RETURNING value)sql",
                     "i"};

constexpr std::chrono::minutes kWithoutWork{1};

}  // namespace

Result<std::shared_ptr<Epoch>> Epoch::kept_in(const std::string& file,
                                              std::function<void()> went_back) {
  auto epoch = std::make_shared<Epoch>();
  epoch->file_ = file;
  epoch->on_went_back_ = std::move(went_back);
  epoch->fd_ = Fd{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  ssize_t got = ::pread(epoch->fd_.get(), &epoch->seen_, sizeof(Counters), 0);
  // From now on there is room for it.
  if (got == 0) got = ::pwrite(epoch->fd_.get(), &epoch->seen_, sizeof(Counters), 0);
  if (got == ssize_t{sizeof(Counters)}) return epoch;
  return Error{Fault::invalid, file +
                                   ": not ours to read and write; see whose it is, or look at "
                                   "what is queued and remove it"};
}

Epoch::Counters Epoch::seen() const {
  const std::scoped_lock lock{mutex_};
  return seen_;
}

std::optional<Error> Epoch::went_back() const {
  const std::scoped_lock lock{mutex_};
  return went_back_;
}

Error Epoch::find_behind(std::int64_t stored, std::int64_t seen) {
  const std::scoped_lock lock{mutex_};
  if (went_back_) return *went_back_;
  log(Event::store_went_back, {{"epoch", stored}, {"seen", seen}});
  went_back_ = Error{
      Fault::conflict,
      fmt::format("the store holds an older state than this machine has seen (epoch {}, seen {}): "
                  "mail that was sent meanwhile would be sent again. Bring back the newer store; "
                  "or, if there is none, see what is queued and remove {} to go on",
                  stored, seen, file_)};
  if (on_went_back_) on_went_back_();
  return *went_back_;
}

Status Epoch::remember(const Counters& higher) {
  const std::scoped_lock lock{mutex_};
  Counters now = seen_;
  for (std::size_t i = 0; i < now.size(); ++i) now[i] = std::max(now[i], higher[i]);
  if (fd_.is_open() && now != seen_ &&
      ::pwrite(fd_.get(), &now, sizeof now, 0) != ssize_t{sizeof now})
    return Error{Fault::unavailable, file_ + ": cannot be written"};
  seen_ = now;
  return ok();
}

Status Epoch::admit(Connection& connection) {
  const Counters before = seen();  // others raise the counters meanwhile
  const Result<Rows> rows = connection.query(kRead);
  if (!rows) return rows.error();
  Counters stored{};
  for (const Row& row : *rows)
    stored[static_cast<std::size_t>(row[0].integer()) % stored.size()] = row[1].integer();
  for (std::size_t i = 0; i < stored.size(); ++i)
    if (stored[i] < before[i]) return find_behind(stored[i], before[i]);
  return remember(stored);
}

Status Epoch::keep(Connection& connection) {
  const auto now = std::chrono::steady_clock::now();
  if (now - raised_at_ < kWithoutWork) return admit(connection);
  raised_at_ = now;
  return raise(connection, [](Connection&) { return ok(); });
}

Status Epoch::raise(Connection& connection, const std::function<Status(Connection&)>& work,
                    int tries) {
  const std::size_t counter = turn_++ % Counters{}.size();
  const std::int64_t before = seen()[counter];
  Counters raised{};
  const Status done = connection.transaction(
      [&](Connection& c) -> Status {
        if (Status worked = work(c); !worked) return worked;
        const auto value = number<std::int64_t>(c.query_one(kRaise, {counter}));
        if (!value) return value.error();
        raised[counter] = *value;
        return *value > before ? ok() : Status{find_behind(*value - 1, before)};
      },
      tries);
  return done ? remember(raised) : done;
}

}  // namespace trust::store
