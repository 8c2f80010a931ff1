#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/cli/output.h"
#include "lib/outbox/outbox_store.h"
#include "lib/program/health.h"
#include "lib/store/meta_store.h"
#include "notifier/announcement/announcement_store.h"
#include "notifier/cli/commands.h"
#include "notifier/subscriber/subscriber_store.h"

namespace trust::notifier {

namespace {

void print_counts(std::ostream& out, std::string_view what,
                  const std::map<std::string, int>& counts) {
  out << fmt::format("{:<13}", what);
  const char* between = "";
  for (const auto& [state, count] : counts) {
    out << between << state << ' ' << count;
    between = ", ";
  }
  out << (counts.empty() ? "none\n" : "\n");
}

}  // namespace

cli::Exit run_status(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const auto last_look = store::MetaStore{all.store}.time(store::Fact::last_look);
  if (!last_look) return cli::fail(io, last_look.error());
  const auto open = AnnouncementStore{all.store}.open();
  if (!open) return cli::fail(io, open.error());
  const auto readers = SubscriberStore{all.store, all.keyring}.count_by_state();
  if (!readers) return cli::fail(io, readers.error());
  const auto mails = outbox::OutboxStore{all.store}.count_by_state("");
  if (!mails) return cli::fail(io, mails.error());
  std::map<std::string, int> announcements;
  for (const Announcement& a : *open) ++announcements[std::string{name_of(a.state)}];
  const UtcTime now = all.app.clock.now();
  const std::chrono::milliseconds poll = all.config.site.poll;
  if (arguments.wants_json()) {
    cli::print_json(io.out, {{"last_look", cli::or_null(*last_look)},
                             {"healthy", program::is_looked_at(*last_look, now, poll)},
                             {"watching", all.site.folder ? "folder" : "history"},
                             {"announcements", announcements},
                             {"subscribers", *readers},
                             {"outbox", *mails}});
    return cli::Exit::done;
  }
  io.out << fmt::format("{:<13}{}\n", all.site.folder ? "folder" : "site",
                        program::last_look_in_words(*last_look, now, poll));
  print_counts(io.out, "announcing", announcements);
  print_counts(io.out, "subscribers", *readers);
  print_counts(io.out, "outbox", *mails);
  return cli::Exit::done;
}

}  // namespace trust::notifier
