#include "notifier/cli/app.h"

namespace trust::notifier {

using cli::Exit;

Result<std::unique_ptr<Opened>> open_all(App& app, const cli::Arguments& arguments,
                                         const program::ProgramStore* at_work) {
  Result<std::unique_ptr<Opened>> all = Opened::open(arguments.config_file(), at_work);
  if (all) (*all)->site.fetch = app.new_fetch((*all)->config, &(*all)->interrupt);
  return all;
}

Exit opened(App& app, const cli::Arguments& arguments, cli::Io io,
            const std::function<Exit(Opened&)>& act) {
  Result<std::unique_ptr<Opened>> all = open_all(app, arguments, nullptr);
  if (!all) return program::not_ready(io, all.error());
  return act(**all);
}

Exit opened_as(App& app, const cli::Arguments& arguments, cli::Io io,
               const std::function<Exit(Opened&, const std::string&)>& act) {
  return opened(app, arguments, io, [&](Opened& all) {
    const Result<std::string> who = cli::acting_person(arguments, all.config.staff_addresses());
    return who ? act(all, *who) : cli::fail(io, who.error());
  });
}

}  // namespace trust::notifier
