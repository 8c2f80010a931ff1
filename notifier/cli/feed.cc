#include "notifier/feed/feed.h"

#include <algorithm>

#include "lib/base/log.h"
#include "notifier/cli/commands.h"
#include "notifier/incident/incident_store.h"

namespace trust::notifier {

cli::Exit run_feed_write(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  IncidentStore incidents{all.store};
  const auto list = incidents.list();
  if (!list) return cli::fail(io, list.error());
  const auto versions = incidents.versions();
  if (!versions) return cli::fail(io, versions.error());
  if (Status written = write_public_files(arguments.words().front(),
                                          public_files(*list, *versions, all.site.base_url));
      !written)
    return cli::fail(io, written.error());
  log(Event::feed_written, {{"items", list->size()}});
  return cli::Exit::done;
}

}  // namespace trust::notifier
