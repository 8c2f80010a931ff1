#pragma once

/// notifier/feed: what the public may read. The same register gives the same bytes.
///   feed.*      feed.xml (RSS 2.0), incidents.json, history.md, log.jsonl as texts (pure), and the
///               four files in a folder
///   markup.*    text made safe for XML, for readers of feeds, and for Markdown tables (pure)
/// Promise: a guid and its pubDate never change; a quiet reservation stands in no file.
/// Not here: mails (delivery/), what is published (page/).

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "notifier/incident/incident.h"
#include "notifier/incident/incident_store.h"

namespace trust::notifier {

struct PublicFiles {
  std::string feed_xml;
  std::string incidents_json;  ///< shape: CLI.md
  std::string history_md;      ///< the page's table
  std::string log_jsonl;       ///< every version of every page that was seen, oldest first
};

PublicFiles public_files(const std::vector<Incident>& incidents,
                         const std::vector<PageVersion>& versions, const std::string& base_url);

/// Writes the four into `folder` (made if it is not there), each whole or not at all, readable by
/// everyone. Fault::denied, unavailable: the folder cannot be written to.
Status write_public_files(const std::string& folder, const PublicFiles& files);

}  // namespace trust::notifier
