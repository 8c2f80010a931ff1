#include <cstdlib>
#include <ostream>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/outbox/diverted.h"
#include "lib/smtp/smtp_transport.h"
#include "notifier/cli/commands.h"
#include "notifier/flow/service.h"

namespace trust::notifier {

namespace {

/// One `run` per state folder.
Result<FileLock> take_lock(const Config& config) {
  Result<FileLock> lock = FileLock::take(config.state_dir + "/lock");
  if (!lock && lock.error().fault() == Fault::conflict)
    return Error{Fault::conflict, "another trust-notifier run is at work here and holds " +
                                      config.state_dir + "/lock; end it first"};
  return lock;
}

std::unique_ptr<mail::Transport> new_transport(App& app, const Config& config) {
  std::unique_ptr<mail::Transport> transport = std::make_unique<smtp::SmtpTransport>(
      app.connector, [&config] { return smtp_endpoint(config); });
  if (!config.smtp.divert) return transport;
  return outbox::diverted(std::move(transport), *config.smtp.divert);
}

ServiceParts parts_of(App& app, const Opened& all) {
  const bool is_sqlite = all.config.store.url.is_sqlite();
  outbox::WorkerSettings sending;
  sending.connections = all.config.smtp.connections;
  sending.rate_per_second = all.config.smtp.rate_per_second;
  // Only a SQLite file is on one machine, where the lock keeps others away.
  sending.alone = is_sqlite;
  return {all.database, all.keyring,
          all.office,   all.site,
          app.clock,    all.config.site.poll,
          sending,      [&app, &all] { return new_transport(app, all.config); }};
}

/// The relay's own trouble says more than the worker's count of failures.
Error explained(App& app, const Config& config, const Error& error) {
  smtp::SmtpTransport relay{app.connector, [&config] { return smtp_endpoint(config); }};
  const Status reached = relay.check();
  return reached ? error : reached.error();
}

}  // namespace

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened(app, arguments, io, [&](Opened& all) {
    if (const auto relay = smtp_endpoint(all.config); !relay) return not_ready(io, relay.error());
    const Result<FileLock> lock = take_lock(all.config);
    if (!lock) return cli::fail(io, lock.error());

    StopSignal stop;
    stop_on_signals(stop);
    set_log_output(LogTo::standard_output);
    log(Event::started, {{"program", "trust-notifier"}, {"version", kVersion}});
    log(Event::store_opened,
        {{"engine", all.config.store.url.is_sqlite() ? "sqlite" : "postgresql"},
         {"schema", all_migrations().size()}});
    const ServiceParts parts = parts_of(app, all);
    if (arguments.has("--until-idle")) {
      const Idle idle = run_until_idle(parts, stop);
      log(Event::stopped, {{"program", "trust-notifier"}});
      if (!idle.sent) return not_ready(io, explained(app, all.config, idle.sent.error()));
      return idle.looked ? cli::Exit::done : not_ready(io, idle.looked.error());
    }
    const Result<bool> ended = run_until_stopped(parts, stop);
    if (!ended) return not_ready(io, ended.error());
    log(Event::stopped, {{"program", "trust-notifier"}});
    if (!*ended) {
      // A look still waits for the site; the store is consistent at every moment.
      io.out.flush();
      io.err.flush();
      std::_Exit(static_cast<int>(cli::Exit::done));
    }
    return cli::Exit::done;
  });
}

}  // namespace trust::notifier
