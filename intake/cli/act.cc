#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/case_json.h"
#include "intake/cli/commands.h"
#include "lib/cli/output.h"

namespace trust::intake {

namespace {

/// What all acts on one case share: who acts, and the case as it is afterwards.
cli::Exit act(
    App& app, const cli::Arguments& arguments, cli::Io io,
    const std::function<Result<Case>(Desk&, const std::string& id, const std::string& who)>& change,
    const std::function<std::string(const Case&)>& in_words) {
  return program::opened_as<Office>(
      app, arguments, io, [&](Office& office, const std::string& who) {
        Desk desk = office.desk();
        const Result<Case> changed = change(desk, arguments.words()[0], who);
        if (!changed) return cli::fail(io, changed.error());
        if (arguments.wants_json())
          cli::print_json(io.out, to_json(*changed));
        else
          io.out << changed->id << ' ' << in_words(*changed) << '\n';
        return cli::Exit::done;
      });
}

}  // namespace

cli::Exit run_acknowledge(App& app, const cli::Arguments& arguments, cli::Io io) {
  return act(
      app, arguments, io,
      [](Desk& desk, const auto& id, const auto& who) { return desk.acknowledge(id, who); },
      acknowledgment_in_words);
}

cli::Exit run_report(App& app, const cli::Arguments& arguments, cli::Io io) {
  return act(
      app, arguments, io,
      [](Desk& desk, const auto& id, const auto& who) { return desk.report(id, who); },
      [](const Case& c) { return c.state; });
}

cli::Exit run_note(App& app, const cli::Arguments& arguments, cli::Io io) {
  return act(
      app, arguments, io,
      [&](Desk& desk, const auto& id, const auto& who) -> Result<Case> {
        const Result<std::string> words = read_words(io);
        if (!words) return words.error();
        return desk.note(id, *words, who);
      },
      [](const Case&) { return "noted"; });
}

cli::Exit run_close(App& app, const cli::Arguments& arguments, cli::Io io) {
  const std::string as = arguments.value("--as").value_or("");
  if (as != "done" && as != "spam" && as != "duplicate")
    return cli::refuse(io, "--as: write done, spam or duplicate");
  return act(
      app, arguments, io,
      [&](Desk& desk, const auto& id, const auto& who) { return desk.close(id, as, who); },
      [](const Case& c) { return c.state + " as " + c.closed_as; });
}

}  // namespace trust::intake
