#include "notifier/flow/register_page.h"

#include "lib/base/text.h"
#include "notifier/incident/incident_store.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kMaxTitleBytes = 200;
constexpr std::size_t kMaxSummaryBytes = 4000;

std::string cut(const std::string& text, std::size_t max_bytes) {
  return text.size() <= max_bytes ? text : std::string{cut_utf8(text, max_bytes)} + "\u2026";
}

}  // namespace

Incident incident_of(const Page& page) {
  const Article& article = page.article;
  std::string title = fold_space(to_display(article.title, Newlines::to_space));
  if (title.empty()) title = page.id;
  Incident incident{
      .id = page.id,
      .url = page.url,
      .title = cut(title, kMaxTitleBytes),
      .summary = cut(std::string{trim(to_display(article.text_under("Summary"), Newlines::keep))},
                     kMaxSummaryBytes),
      .type = article.type.value_or(IncidentType::outage),
      .start = article.start,
      .end = article.end,
      .status = IncidentStatus::published,
      .published_at = {},
      .withdrawn_because = {},
      .corrections = {}};
  for (const std::string& service : article.services)
    incident.services.push_back(fold_space(to_display(service, Newlines::to_space)));
  return incident;
}

Result<Incident> register_page(store::Connection& c, const Page& page, BeforeUs before_us,
                               UtcTime now) {
  IncidentStore incidents{c};
  Incident incident = incident_of(page);
  incident.before_us = before_us == BeforeUs::yes;
  // A page that was there before us keeps the day it gives itself; what we see come is out now.
  if (incident.before_us && page.article.published && *page.article.published < now)
    incident.published_at = page.article.published;
  if (const Result<bool> put = incidents.put_published(incident, now); !put) return put.error();
  const Result<std::optional<Incident>> there = incidents.find(page.id);
  if (!there) return there.error();
  if (!*there) return Error{Fault::internal, "a page was registered and is not there"};
  if ((*there)->status == IncidentStatus::withdrawn)
    return Error{Fault::conflict, "the incident is withdrawn; its page is not announced"};
  if (const Result<bool> added = incidents.add_version(page.url, page.article.whole_text(), now);
      !added)
    return added.error();
  // What is told is what the page says now; what the register knows besides stays.
  incident.published_at = (*there)->published_at;
  incident.before_us = (*there)->before_us;
  if (!page.article.type) incident.type = (*there)->type;
  if (incident.services.empty()) incident.services = (*there)->services;
  return incident;
}

}  // namespace trust::notifier
