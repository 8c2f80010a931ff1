#include <cstdlib>
#include <ostream>

#include "intake/cli/commands.h"
#include "intake/cli/running.h"
#include "lib/base/file.h"
#include "lib/base/log.h"

namespace trust::intake {

namespace {

/// One `run` per state folder: two would acknowledge twice as fast and answer half as well.
Result<FileLock> take_lock(const Config& config) {
  Result<FileLock> lock = FileLock::take(config.state_dir + "/lock");
  if (!lock && lock.error().fault() == Fault::conflict)
    return Error{Fault::conflict, "another trust-intake run is at work here and holds " +
                                      config.state_dir + "/lock; end it first"};
  return lock;
}

Status secrets_are_there(const Config& config) {
  if (const auto imap = imap_endpoint(config); !imap) return imap.error();
  if (const auto smtp = smtp_endpoint(config); !smtp) return smtp.error();
  return ok();
}

}  // namespace

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  Result<std::unique_ptr<Office>> opened = Office::open(arguments.config_file());
  if (!opened) return not_ready(io, opened.error());
  Office& office = **opened;
  if (Status there = secrets_are_there(office.config); !there) return not_ready(io, there.error());
  const Result<FileLock> lock = take_lock(office.config);
  if (!lock) return cli::fail(io, lock.error());

  StopSignal stop;
  stop_on_signals(stop);
  set_log_output(LogTo::standard_output);
  log(Event::started, {{"program", "trust-intake"}, {"version", kVersion}});
  log(Event::store_opened,
      {{"engine", office.config.store.url.is_sqlite() ? "sqlite" : "postgresql"},
       {"schema", all_migrations().size()}});
  if (!office.config.register_url && !office.config.register_file)
    io.err << "note: no register is configured; answers may point to any https URL\n" << std::flush;

  auto running = std::make_unique<Running>(app, office, stop, io.err);
  if (arguments.has("--until-idle")) {
    const Status done = running->until_idle();
    log(Event::stopped, {{"program", "trust-intake"}});
    return done ? cli::Exit::done : not_ready(io, done.error());
  }
  const Result<bool> ended = running->until_stopped();
  if (!ended) return not_ready(io, ended.error());
  log(Event::stopped, {{"program", "trust-intake"}});
  if (!*ended) {
    // A thread still waits for a server; the store is consistent at every moment.
    io.out.flush();
    io.err.flush();
    std::_Exit(static_cast<int>(cli::Exit::done));
  }
  return cli::Exit::done;
}

}  // namespace trust::intake
