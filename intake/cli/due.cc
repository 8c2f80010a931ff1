#include <nlohmann/json.hpp>

#include "intake/cli/case_json.h"
#include "intake/cli/commands.h"
#include "intake/clock/time_left.h"
#include "lib/cli/columns.h"
#include "lib/cli/json_out.h"

namespace trust::intake {

cli::Exit run_due(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto span = parse_duration(arguments.value("--within").value_or("24h"));
  if (!span) return cli::fail(io, span.error().within("--within"));
  return in_office(arguments, io, [&](Office& office) {
    const auto promises = office.desk(app.clock).due(*span);
    if (!promises) return cli::fail(io, promises.error());
    const UtcTime now = app.clock.now();
    std::vector<std::vector<std::string>> rows;
    for (const DuePromise& d : *promises) {
      if (arguments.wants_json())
        cli::print_json(io.out, {{"case", d.c.id},
                                 {"promise", d.promise.kind},
                                 {"due", to_rfc3339(d.promise.due)},
                                 {"late", d.promise.due <= now},
                                 {"subject", cli::or_null(d.c.subject)}});
      else
        rows.push_back({d.c.id, d.promise.kind, to_rfc3339(d.promise.due),
                        time_left_in_words(office.calendar, now, d.promise.due), d.c.subject});
    }
    if (!arguments.wants_json())
      cli::print_columns(io.out, {"CASE", "PROMISE", "DUE", "LEFT", "SUBJECT"}, rows);
    return cli::Exit::done;
  });
}

}  // namespace trust::intake
