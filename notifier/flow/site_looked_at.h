#pragma once

#include "lib/base/result.h"
#include "lib/base/token.h"
#include "lib/store/database.h"
#include "notifier/flow/page_published.h"
#include "notifier/page/site.h"

namespace trust::notifier {

/// What one look came to.
struct Looked {
  int pages = 0;      ///< post-mortems in the folder
  int before_us = 0;  ///< entered at the first look: announced to nobody
  int announced = 0;
  int held = 0;          ///< staff are asked
  int placeholders = 0;  ///< watched
  int waiting = 0;       ///< not live yet, or not answering
};

/// One look at site.folder or, without one, at the pages that the live history page links to. The
/// first look that succeeds enters every published page as `before us`. Later, each page that is
/// newly published is announced once its live page answers (with site.check_live); more than two at
/// once, or an old one, are held and staff are asked. A site without a history page is no failure,
/// and no look either: its pages are announced by a person.
/// Fault::unavailable: the folder or the site cannot be read. Later than at the first look, one
/// page's trouble does not stop the others.
Result<Looked> look_at_site(store::Connection& store, const Keyring& keyring, const Office& office,
                            const Site& site, UtcTime now);

}  // namespace trust::notifier
