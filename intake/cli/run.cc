#include <ostream>

#include "intake/cli/commands.h"
#include "intake/cli/running.h"
#include "lib/program/servers.h"

namespace trust::intake {

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  return in_office(arguments, io, [&](Office& office) {
    const Config& config = office.config;
    if (const auto imap = program::endpoint_of("imap", config.imap); !imap)
      return program::not_ready(io, imap.error());
    if (const auto smtp = program::endpoint_of("smtp", config.smtp); !smtp)
      return program::not_ready(io, smtp.error());
    std::unique_ptr<Running> running;  // outlives the work: a thread of it may still wait
    return program::serve(kProgram, store_of(config), io, [&](StopSignal& stop) -> Result<bool> {
      if (!config.register_url && !config.register_file)
        io.err << "note: no register is configured; answers may point to any https URL\n"
               << std::flush;
      running = std::make_unique<Running>(app, office, stop, io.err);
      if (!arguments.has("--until-idle")) return running->until_stopped();
      if (const Status done = running->until_idle(); !done) return done.error();
      return true;
    });
  });
}

}  // namespace trust::intake
