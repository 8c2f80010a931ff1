#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "lib/cli/json_out.h"
#include "lib/outbox/outbox_store.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

namespace {

std::optional<UtcTime> time_of(const std::optional<std::string>& fact) {
  std::int64_t ms = 0;
  if (!fact || std::from_chars(fact->data(), fact->data() + fact->size(), ms).ec != std::errc{})
    return {};
  return from_epoch_ms(ms);
}

std::string age_in_words(const std::optional<UtcTime>& then, UtcTime now) {
  if (!then) return "never";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - *then).count();
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
  return fmt::format("{} h ago", seconds / 3600);
}

}  // namespace

cli::Exit run_status(App& app, const cli::Arguments& arguments, cli::Io io) {
  return in_office(arguments, io, [&](Office& office) {
    const auto fact = store::MetaStore{office.connection}.get(store::Fact::last_look);
    if (!fact) return cli::fail(io, fact.error());
    const auto counts = office.desk(app.clock).counts();
    if (!counts) return cli::fail(io, counts.error());
    const auto outbox = outbox::OutboxStore{office.connection}.count_by_state("");
    if (!outbox) return cli::fail(io, outbox.error());
    const std::optional<UtcTime> last_look = time_of(*fact);
    const auto& [cases, mails_to_file, not_acknowledged] = *counts;
    if (arguments.wants_json()) {
      cli::print_json(io.out, {{"last_look", cli::or_null(last_look)},
                               {"open", cases.open},
                               {"late", cases.late},
                               {"look", cases.look},
                               {"answered", cases.answered},
                               {"mails_to_file", mails_to_file},
                               {"not_acknowledged", not_acknowledged},
                               {"outbox", *outbox}});
      return cli::Exit::done;
    }
    io.out << fmt::format(
        "mailbox   last looked at {}\nopen      {}{}\nlook      {}\nanswered  {}\nto file   {}\n",
        age_in_words(last_look, app.clock.now()), cases.open,
        cases.late > 0 ? fmt::format(", {} LATE", cases.late) : std::string{}, cases.look,
        cases.answered, mails_to_file);
    if (not_acknowledged > 0)
      io.out << fmt::format("          {} open and not acknowledged (budget)\n", not_acknowledged);
    io.out << "outbox   ";
    for (const auto& [state, count] : *outbox) io.out << ' ' << state << ' ' << count;
    io.out << (outbox->empty() ? " empty\n" : "\n");
    return cli::Exit::done;
  });
}

}  // namespace trust::intake
