#include "notifier/flow/site_looked_at.h"

#include <chrono>
#include <map>

#include "lib/base/log.h"
#include "notifier/announcement/rules.h"
#include "notifier/flow/register_page.h"
#include "notifier/incident/incident_store.h"
#include "notifier/incident/meta_store.h"

namespace trust::notifier {

namespace {

using std::chrono::steady_clock;

std::string now_text(UtcTime now) { return std::to_string(to_epoch_ms(now)); }

// If we die here, then the first look has not been: it is one transaction with the fact of it.
Status first_look(store::Connection& store, const std::vector<const Page*>& published,
                  UtcTime now) {
  return store.transaction([&](store::Connection& c) -> Status {
    for (const Page* page : published) {
      const Result<Incident> entered = register_page(c, *page, BeforeUs::yes, now);
      if (!entered && entered.error().fault() != Fault::conflict) return entered.error();
    }
    return MetaStore{c}.put(Fact::first_look, now_text(now));
  });
}

/// A page that is out already: its newest version is kept.
Status see_again(store::Connection& store, const Page& page, UtcTime now) {
  return store.transaction([&](store::Connection& c) -> Status {
    const Result<bool> added =
        IncidentStore{c}.add_version(page.url, page.article.whole_text(), now);
    return added ? ok() : Status{added.error()};
  });
}

}  // namespace

Result<Looked> look_at_site(store::Connection& store, const Keyring& keyring, const Office& office,
                            const Site& site, UtcTime now) {
  Looked looked;
  if (!site.folder) return looked;
  const auto began = steady_clock::now();
  const Result<FolderLook> folder = site.look_at_folder();
  if (!folder) {
    log(Event::site_failed, {{"source", "folder"}, {"fault", folder.error().fault()}});
    return folder.error();
  }
  for (const BadFile& bad : folder->bad)
    log(Event::page_refused, {{"incident", bad.id}, {"reason", bad.reason}});
  looked.pages = static_cast<int>(folder->pages.size());
  std::vector<const Page*> published;
  for (const Page& page : folder->pages)
    if (page.article.is_published())
      published.push_back(&page);
    else
      ++looked.placeholders;

  const auto first = MetaStore{store}.get(Fact::first_look);
  if (!first) return first.error();
  if (!*first) {
    if (Status entered = first_look(store, published, now); !entered) return entered.error();
    looked.before_us = static_cast<int>(published.size());
    log(Event::page_before_us, {{"count", looked.before_us}});
  } else {
    const auto known = IncidentStore{store}.list();
    if (!known) return known.error();
    std::map<std::string, IncidentStatus> status;
    for (const Incident& incident : *known) status[incident.id] = incident.status;
    std::vector<const Page*> fresh;
    for (const Page* page : published) {
      const auto found = status.find(page->id);
      if (found == status.end() || found->second < IncidentStatus::published)
        fresh.push_back(page);
      else if (found->second != IncidentStatus::withdrawn)
        if (Status seen = see_again(store, *page, now); !seen) return seen.error();
    }
    for (const Page* page : fresh) {
      if (site.check_live) {
        if (const Status live = site.check_is_live(page->id); !live) {
          ++looked.waiting;
          log(Event::page_refused, {{"incident", page->id}, {"reason", "not_live"}});
          continue;
        }
      }
      const std::string ask = reason_to_ask(static_cast<int>(fresh.size()), day_of(page->id), now);
      log(Event::page_found, {{"incident", page->id}});
      const auto made =
          page_published(store, keyring, office, *page, {"site", ask, /*at_once=*/false}, now);
      if (made)
        ++(ask.empty() ? looked.announced : looked.held);
      else if (made.error().fault() == Fault::conflict || made.error().fault() == Fault::invalid)
        log(Event::page_refused,
            {{"incident", page->id}, {"reason", name_of(made.error().fault())}});
      else
        return made.error();
    }
  }
  if (Status put = MetaStore{store}.put(Fact::last_look, now_text(now)); !put) return put.error();
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began);
  log(Event::site_read,
      {{"source", "folder"}, {"pages", looked.pages}, {"ms", std::int64_t{ms.count()}}});
  return looked;
}

}  // namespace trust::notifier
