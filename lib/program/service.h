#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/signals.h"
#include "lib/cli/command.h"
#include "lib/program/program_store.h"

namespace trust::program {

/// What `run` runs, made of one reading of the configuration and of every file it names.
class Service {
 public:
  virtual ~Service() = default;
  /// Starts all parts. A failure may leave some of them started, for `end`.
  virtual Status start() = 0;
  /// Once the signal ends the round: no further mail is finished, answers are awaited up to
  /// smtp.stop_wait, all threads are joined; then `start` works again. False: a thread still waits
  /// for the store; call again.
  virtual bool end() = 0;
  /// `--until-idle`, on the calling thread.
  virtual Status until_idle() = 0;
};

struct Loaded {
  std::unique_ptr<Service> service;
  ProgramStore store;
  std::vector<std::string> needs_restart;  ///< keys whose new values a reload cannot bring in
};
/// Reads and checks everything, starts nothing. `at_work`: the store of the service that runs
/// meanwhile (keep_place); null at start.
using Load = std::function<Result<Loaded>(StopSignal&, const ProgramStore* at_work)>;

/// Lock, keyring and store stay where they are while a program runs: puts the places `at_work` into
/// `config` and gives the keys that said otherwise.
template <class Config>
std::vector<std::string> keep_place(const ProgramStore* at_work, Config& config) {
  std::vector<std::string> needs_restart;
  const auto keep = [&](const char* key, const std::string& old, std::string& now) {
    if (now != old) needs_restart.emplace_back(key);
    now = old;
  };
  if (at_work == nullptr) return needs_restart;
  keep("store.url", at_work->url(), config.store.url.text);
  keep("state_dir", at_work->state_dir(), config.state_dir);
  return needs_restart;
}

/// `run`: one per state folder and SQLite file, log on standard output. SIGTERM and SIGINT end it.
/// SIGHUP loads anew beside the service at work; only what loaded well takes its place, after it
/// has ended. A store that went back (ProgramStore::hold_against_epoch) ends it with
/// Exit::conflict. A service that does not end is left without unwinding (stop_forced): nothing is
/// lost, as the store is consistent at every moment.
cli::Exit serve(const cli::Program& program, bool until_idle, cli::Io io, const Load& load);

}  // namespace trust::program
