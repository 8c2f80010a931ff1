#pragma once

/// notifier/flow: what happens, one file per event, each naming its steps in order.
///   page_published.*    a post-mortem is out: register, announcement, recipients, notices
///   site_looked_at.*    one look at the folder: what is new, what was before us
///   clock_ticked.*      holds that are over, announcements that are finished
///   staff_decided.*     cancel and resume
///   subscriber_acted.*  a reader asks for the list, confirms, leaves
///   service.*           `run`: looking, ticking and sending until stopped
/// Not here: SQL (…_store), words (templates/), the sending itself (lib/outbox).

#include <chrono>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/token.h"
#include "lib/store/database.h"
#include "notifier/announcement/announcement.h"
#include "notifier/delivery/announcement_mail.h"
#include "notifier/incident/incident.h"
#include "notifier/page/site.h"

namespace trust::notifier {

/// What an announcement is made with: words, and who is told beforehand.
struct Office {
  Stationery stationery;
  std::vector<mail::Address> staff;
  render::MailTemplate announcement;  ///< its sources are frozen with each announcement
  render::MailTemplate notice;
  render::MailTemplate confirmation;
  std::chrono::milliseconds hold{600'000};
  int rate_per_second = 0;
};

/// Who announces, and how.
struct Occasion {
  std::string by;           ///< staff address, or "site"
  std::string ask_because;  ///< "several_new", "old_page": staff are asked first; "" = they are not
  bool at_once = false;     ///< no hold
};

/// The page of `id`, fit to be announced: from the folder if it is there, else the live one.
///   conflict     a placeholder: Summary or Root cause has no words yet
///   not_found, unavailable, invalid   see Site
Result<Page> page_to_announce(const Site& site, const std::string& id);

/// The announcement as it would be made now, with its recipients counted and nobody told.
Result<Announcement> draft_announcement(store::Connection& store, const Office& office,
                                        const Page& page, const Occasion& occasion, UtcTime now);

/// One transaction: the page stands in the register with this version of it, its announcement with
/// the frozen words, one delivery for each confirmed reader and their count, and a notice to each
/// of staff. REQUIRES a page that is published.
/// Fault::conflict: announced already (cancelled before anybody was told, it may be made again), or
/// the incident is withdrawn.
Result<Announcement> page_published(store::Connection& store, const Keyring& keyring,
                                    const Office& office, const Page& page,
                                    const Occasion& occasion, UtcTime now);

enum class BeforeUs { no, yes };

/// The incident that a page tells of, its words made fit for mails and feeds: no control
/// characters, a title even where the page has none, at most 4,000 bytes of summary.
Incident incident_of(const Page& page);

/// The page stands in the register as published, with this version of its article. The incident as
/// it stands there then. REQUIRES a transaction. Fault::conflict: the incident is withdrawn.
Result<Incident> register_page(store::Connection& store, const Page& page, BeforeUs before_us,
                               UtcTime now);

}  // namespace trust::notifier
