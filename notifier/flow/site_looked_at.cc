#include "notifier/flow/site_looked_at.h"

#include <chrono>
#include <map>

#include "lib/base/log.h"
#include "lib/store/meta_store.h"
#include "notifier/announcement/announcement.h"
#include "notifier/flow/page_published.h"
#include "notifier/incident/incident_store.h"

namespace trust::notifier {

namespace {

using std::chrono::steady_clock;

constexpr int kMostUnanswered = 3;  ///< a site that stalls is left alone until the next look

// If we die here, then the first look has not been: it is one transaction with the fact of it.
Status first_look(store::Connection& store, const std::vector<const Page*>& published,
                  UtcTime now) {
  return store.transaction([&](store::Connection& c) -> Status {
    for (const Page* page : published) {
      const Result<Incident> entered = register_page(c, *page, BeforeUs::yes, now);
      if (!entered && entered.error().fault() != Fault::conflict) return entered.error();
    }
    return store::MetaStore{c}.put(store::Fact::first_look, now);
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

/// What a look found.
struct Found {
  std::vector<Page> pages;
  int unanswered = 0;  ///< linked pages that could not be read now
  bool is_look = true;
};

Result<Found> in_folder(const Site& site) {
  Result<FolderLook> folder = site.look_at_folder();
  if (!folder) return folder.error();
  for (const BadFile& bad : folder->bad)
    log(Event::page_refused, {{"incident", bad.id}, {"reason", bad.reason}});
  return Found{std::move(folder->pages)};
}

/// The pages that the history page links to and that are not out in the register.
Result<Found> on_the_site(const Site& site, const std::map<std::string, IncidentStatus>& known) {
  const auto linked = site.read_history();
  if (!linked) return linked.error();
  Found found;
  found.is_look = linked->has_value();
  for (const std::string& id : linked->value_or(std::vector<std::string>{})) {
    const auto status = known.find(id);
    if (status != known.end() && status->second >= IncidentStatus::published) continue;
    Result<Page> page = site.read_live(id);
    if (page) {
      found.pages.push_back(*std::move(page));
    } else if (page.error().fault() != Fault::not_found && ++found.unanswered >= kMostUnanswered) {
      break;
    }
  }
  return found;
}

/// Announces what is new, or asks staff about it.
Status take_in(store::Connection& store, const Keyring& keyring, const Office& office,
               const Site& site, const std::vector<const Page*>& fresh, UtcTime now,
               Looked& looked) {
  for (const Page* page : fresh) {
    if (site.folder && site.check_live) {
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
      log(Event::page_refused, {{"incident", page->id}, {"reason", name_of(made.error().fault())}});
    else
      return made.error();
  }
  return ok();
}

}  // namespace

Result<Looked> look_at_site(store::Connection& store, const Keyring& keyring, const Office& office,
                            const Site& site, UtcTime now) {
  const char* source = site.folder ? "folder" : "history";
  const auto began = steady_clock::now();
  const auto incidents = IncidentStore{store}.list();
  if (!incidents) return incidents.error();
  std::map<std::string, IncidentStatus> known;
  for (const Incident& incident : *incidents) known[incident.id] = incident.status;
  const auto first = store::MetaStore{store}.get(store::Fact::first_look);
  if (!first) return first.error();

  Result<Found> found = site.folder ? in_folder(site) : on_the_site(site, known);
  if (found && !*first && found->unanswered > 0)
    found =
        Error{Fault::unavailable, "a post-mortem's page does not answer; the first look needs all"};
  if (!found) {
    log(Event::site_failed, {{"source", source}, {"fault", found.error().fault()}});
    return found.error();
  }
  Looked looked;
  if (!found->is_look) return looked;
  looked.pages = static_cast<int>(found->pages.size());
  looked.waiting = found->unanswered;
  std::vector<const Page*> published;
  for (const Page& page : found->pages)
    if (page.article.is_published())
      published.push_back(&page);
    else
      ++looked.placeholders;

  if (!*first) {
    if (Status entered = first_look(store, published, now); !entered) return entered.error();
    looked.before_us = static_cast<int>(published.size());
    log(Event::page_before_us, {{"count", looked.before_us}});
  } else {
    std::vector<const Page*> fresh;
    for (const Page* page : published) {
      const auto status = known.find(page->id);
      if (status == known.end() || status->second < IncidentStatus::published)
        fresh.push_back(page);
      else if (status->second != IncidentStatus::withdrawn)
        if (Status seen = see_again(store, *page, now); !seen) return seen.error();
    }
    if (Status taken = take_in(store, keyring, office, site, fresh, now, looked); !taken)
      return taken.error();
  }
  if (Status put = store::MetaStore{store}.put(store::Fact::last_look, now); !put)
    return put.error();
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - began);
  log(Event::site_read,
      {{"source", source}, {"pages", looked.pages}, {"ms", std::int64_t{ms.count()}}});
  return looked;
}

}  // namespace trust::notifier
