#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/case_json.h"
#include "intake/cli/commands.h"
#include "lib/cli/json_out.h"

namespace trust::intake {

cli::Exit run_acknowledge(App& app, const cli::Arguments& arguments, cli::Io io) {
  return in_office_as(arguments, io, [&](Office& office, const std::string& who) {
    const Result<Case> changed = office.desk(app.clock).acknowledge(arguments.words()[0], who);
    if (!changed) return cli::fail(io, changed.error());
    if (arguments.wants_json())
      cli::print_json(io.out, to_json(*changed));
    else
      io.out << changed->id << ' ' << acknowledgment_in_words(*changed) << '\n';
    return cli::Exit::done;
  });
}

}  // namespace trust::intake
