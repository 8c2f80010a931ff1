#include "lib/program/service.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ostream>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/program/commands.h"

namespace trust::program {

using cli::Exit;

namespace {

constexpr std::chrono::seconds kBetweenStarts{1};

/// The rounds of one `run`.
struct Rounds {
  const cli::Program& program;
  cli::Io io;
  StopSignal& stop;
  const Load& load;
  const std::shared_ptr<store::Epoch> epoch;  ///< null in tests

  void say(const std::string& sentence) const { io.err << sentence << '\n' << std::flush; }

  void refuse(const Error& error) const {
    log(Event::config_refused, {{"program", program.name}});
    say(error.text() + "; nothing was changed, the old settings stay in force");
  }

  Exit exit_of(const Status& ended) const {
    if (const auto back = epoch ? epoch->went_back() : std::nullopt) return cli::fail(io, *back);
    return ended ? Exit::done : not_ready(io, ended.error());
  }

  void end(Service& service) const {
    stop.end_round();
    while (!service.end()) {
      if (!stop.is_last_round()) continue;
      log(Event::stop_forced, {{"program", program.name}});
      const Exit exit = exit_of(ok());
      io.out.flush();
      io.err.flush();
      std::_Exit(static_cast<int>(exit));
    }
  }

  /// In place of `now`, which has ended. False: the program is to end.
  bool start(Loaded& now, Loaded next) const {
    const Status started = next.service->start();
    if (started) {
      now = std::move(next);
      log(Event::config_reloaded,
          {{"program", program.name}, {"needs_restart", now.needs_restart.size()}});
      say(now.needs_restart.empty() ? "settings were read again"
                                    : "settings were read again; a restart is needed for " +
                                          join(now.needs_restart, ", "));
      return true;
    }
    refuse(started.error());
    end(*next.service);
    while (stop.begin_round()) {
      if (now.service->start()) return true;
      stop.wait_for(kBetweenStarts);
      end(*now.service);
    }
    return false;
  }

  Status run(Loaded now) const {
    Status started = now.service->start();
    while (started && stop.wait_for_reload()) {
      Result<Loaded> next = load(stop, &now.store);
      if (!next) {
        refuse(next.error());
        continue;
      }
      end(*now.service);
      if (!stop.begin_round() || !start(now, *std::move(next))) break;
    }
    end(*now.service);
    return started;
  }
};

}  // namespace

Exit serve(const cli::Program& program, bool until_idle, cli::Io io, const Load& load) {
  StopSignal stop;
  stop_on_signals(stop);
  Result<Loaded> loaded = load(stop, nullptr);
  if (!loaded) return not_ready(io, loaded.error());
  std::vector<FileLock> locks;
  for (const std::string& file : loaded->store.lock_files()) {
    Result<FileLock> lock = FileLock::take(file);
    if (!lock && lock.error().fault() == Fault::conflict)
      return cli::fail(io, {Fault::conflict,
                            fmt::format("another {} run is at work here and holds {}; end it first",
                                        program.name, file)});
    if (!lock) return cli::fail(io, lock.error());
    locks.push_back(*std::move(lock));
  }

  set_log_output(LogTo::standard_output);
  log(Event::started, {{"program", program.name}, {"version", program.version}});
  log(Event::store_opened,
      {{"engine", loaded->store.url().starts_with("sqlite:") ? "sqlite" : "postgresql"},
       {"schema", loaded->store.schema_version()}});
  const Rounds rounds{program, io, stop, load, loaded->store.epoch()};
  const Status ended = until_idle ? loaded->service->until_idle() : rounds.run(*std::move(loaded));
  log(Event::stopped, {{"program", program.name}});
  return rounds.exit_of(ended);
}

}  // namespace trust::program
