#include "lib/program/servers.h"
#include "notifier/cli/commands.h"
#include "notifier/flow/service.h"

namespace trust::notifier {

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened(app, arguments, io, [&](Opened& all) {
    const config::SmtpSettings& relay = all.config.smtp;
    if (const auto there = program::endpoint_of("smtp", relay); !there)
      return program::not_ready(io, there.error());
    // Outlives the work: a look may still wait for the site.
    const ServiceParts parts{
        all.database,
        all.keyring,
        all.office,
        all.site,
        app.clock,
        all.config.site.poll,
        program::sending_with(relay),
        [&app, &relay] { return program::transport_to(app.connector, relay); }};
    return program::serve(
        kProgram, store_of(all.config), io, [&](StopSignal& stop) -> Result<bool> {
          if (!arguments.has("--until-idle")) return run_until_stopped(parts, stop);
          const Idle idle = run_until_idle(parts, stop);
          if (!idle.sent) return program::explain_relay(app.connector, relay, idle.sent.error());
          if (!idle.looked) return idle.looked.error();
          return true;
        });
  });
}

}  // namespace trust::notifier
