#include <utility>

#include "intake/cli/commands.h"
#include "intake/cli/running.h"
#include "lib/program/servers.h"

namespace trust::intake {

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto load = [&](StopSignal& stop,
                        const program::ProgramStore* at_work) -> Result<program::Loaded> {
    Result<std::unique_ptr<Office>> opened = Office::open(arguments.config_file(), at_work);
    if (!opened) return opened.error();
    Office& office = **opened;
    const Config& config = office.config;
    if (const auto imap = program::endpoint_of("imap", config.imap); !imap) return imap.error();
    if (const auto smtp = program::endpoint_of("smtp", config.smtp); !smtp) return smtp.error();
    return program::Loaded{std::make_unique<Running>(app, *std::move(opened), stop, io.err),
                           store_of(config), office.needs_restart};
  };
  return program::serve(kProgram, arguments.has("--until-idle"), io, load);
}

}  // namespace trust::intake
