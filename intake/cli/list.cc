#include <algorithm>

#include <array>
#include <nlohmann/json.hpp>

#include "intake/cli/case_json.h"
#include "intake/cli/commands.h"
#include "intake/clock/calendar.h"
#include "lib/base/text.h"
#include "lib/cli/output.h"

namespace trust::intake {

namespace {

constexpr std::array<std::string_view, 5> kStates = {"open", "answered", "closed", "look", "all"};
constexpr std::size_t kSubjectBytes = 60;

std::vector<std::string> row_of(const QueuedCase& queued, const Calendar& calendar, UtcTime now) {
  const Case& c = queued.c;
  return {c.id, queued.due ? time_left_in_words(calendar, now, *queued.due) : c.state,
          kind_in_words(c), c.reporter_address.empty() ? "nobody" : c.reporter_address,
          std::string{cut_utf8(c.subject, kSubjectBytes)}};
}

}  // namespace

cli::Exit run_list(App& app, const cli::Arguments& arguments, cli::Io io) {
  CaseFilter filter;
  filter.state = arguments.value("--state").value_or("open");
  if (std::find(kStates.begin(), kStates.end(), filter.state) == kStates.end())
    return cli::refuse(io, "--state: write open, answered, closed, look or all");
  filter.assignee = arguments.value("--assignee").value_or("");
  filter.search = arguments.value("--search").value_or("");
  filter.late_only = arguments.has("--late");
  filter.now = app.clock.now();
  return program::opened<Office>(app, arguments, io, [&](Office& office) {
    const auto cases = office.desk().list(filter);
    if (!cases) return cli::fail(io, cases.error());
    std::vector<std::vector<std::string>> rows;
    for (const QueuedCase& queued : *cases) {
      if (arguments.wants_json())
        cli::print_json(io.out, to_json(queued, filter.now));
      else
        rows.push_back(row_of(queued, office.calendar, filter.now));
    }
    if (!arguments.wants_json())
      cli::print_columns(io.out, {"CASE", "DUE", "KIND", "REPORTER", "SUBJECT"}, rows);
    return cli::Exit::done;
  });
}

cli::Exit run_due(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto span = parse_duration(arguments.value("--within").value_or("24h"));
  if (!span) return cli::fail(io, span.error().within("--within"));
  return program::opened<Office>(app, arguments, io, [&](Office& office) {
    const auto promises = office.desk().due(*span);
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
