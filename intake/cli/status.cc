#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "intake/cli/commands.h"
#include "lib/cli/output.h"
#include "lib/outbox/outbox_store.h"
#include "lib/program/health.h"
#include "lib/store/meta_store.h"

namespace trust::intake {

cli::Exit run_status(Office& office, const cli::Arguments& arguments, cli::Io io) {
  const auto last_look = store::MetaStore{office.connection}.time(store::Fact::last_look);
  if (!last_look) return cli::fail(io, last_look.error());
  const auto counts = office.desk().counts();
  if (!counts) return cli::fail(io, counts.error());
  const auto outbox = outbox::OutboxStore{office.connection}.count_by_state("");
  if (!outbox) return cli::fail(io, outbox.error());
  const UtcTime now = office.app.clock.now();
  const std::chrono::milliseconds poll = office.config.imap.poll;
  const auto& [cases, mails_to_file, not_acknowledged] = *counts;
  if (arguments.wants_json()) {
    cli::print_json(io.out, {{"last_look", cli::or_null(*last_look)},
                             {"healthy", program::is_looked_at(*last_look, now, poll)},
                             {"open", cases.open},
                             {"late", cases.late},
                             {"look", cases.look},
                             {"answered", cases.answered},
                             {"mails_to_file", mails_to_file},
                             {"not_acknowledged", not_acknowledged},
                             {"outbox", *outbox}});
    return cli::Exit::done;
  }
  io.out << fmt::format("mailbox   {}\nopen      {}{}\nlook      {}\nanswered  {}\nto file   {}\n",
                        program::last_look_in_words(*last_look, now, poll), cases.open,
                        cases.late > 0 ? fmt::format(", {} LATE", cases.late) : std::string{},
                        cases.look, cases.answered, mails_to_file);
  if (not_acknowledged > 0)
    io.out << fmt::format("          {} open and not acknowledged (budget)\n", not_acknowledged);
  io.out << "outbox   ";
  for (const auto& [state, count] : *outbox) io.out << ' ' << state << ' ' << count;
  io.out << (outbox->empty() ? " empty\n" : "\n");
  return cli::Exit::done;
}

}  // namespace trust::intake
