#include "notifier/incident/incident_store.h"

#include <unordered_map>

#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/store/rows.h"

namespace trust::notifier {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

constexpr Sql kFind{"find_incident", R"sql(
    SELECT id, url, title, summary, type, services, start_at, end_at, status, revealed, published_at,
           before_us, withdrawn_because
    FROM incident WHERE id = $1)sql",
                    "ttttttiitiiit"};

constexpr Sql kList{"list_incidents", R"sql(
    SELECT id, url, title, summary, type, services, start_at, end_at, status, revealed, published_at,
           before_us, withdrawn_because
    FROM incident ORDER BY id DESC)sql",
                    "ttttttiitiiit"};

constexpr Sql kCorrections{
    "list_corrections",
    "SELECT incident_id, number, at FROM correction ORDER BY incident_id, number", "tii"};

// A row that was published or withdrawn already is left alone: what a page says later is the
// witness's concern, and a withdrawn incident is not revived by a stray page.
constexpr Sql kPublish{"publish_incident", R"sql(
    INSERT INTO incident (id, url, title, summary, type, services, start_at, end_at, status, revealed,
                          published_at, before_us, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'published', 1, $9, $10, $11, $12)
    ON CONFLICT (id) DO UPDATE
    SET title = excluded.title, summary = excluded.summary,
        services = CASE WHEN excluded.services = '' THEN incident.services ELSE excluded.services END,
        start_at = COALESCE(excluded.start_at, incident.start_at),
        end_at = COALESCE(excluded.end_at, incident.end_at), status = 'published', revealed = 1,
        published_at = excluded.published_at, before_us = excluded.before_us,
        changed_at = excluded.changed_at
    WHERE incident.status IN ('reserved', 'confirmed', 'ended')
    RETURNING id)sql",
                       "t"};

constexpr Sql kLastVersion{"last_page_version", R"sql(
    SELECT digest FROM page_version WHERE url = $1 ORDER BY seq DESC LIMIT 1)sql",
                           "t"};

constexpr Sql kAddVersion{"add_page_version", R"sql(
    INSERT INTO page_version (id, url, fetched_at, digest, previous, article)
    VALUES ($1, $2, $3, $4, $5, $6))sql"};

constexpr Sql kVersions{"list_page_versions", R"sql(
    SELECT id, url, fetched_at, digest, previous FROM page_version ORDER BY seq)sql",
                        "ttitt"};

Incident incident_from(const Row& row) {
  return {.id = row[0].text(),
          .url = row[1].text(),
          .title = row[2].text(),
          .summary = row[3].text(),
          .type = incident_type_of(row[4].text()).value_or(IncidentType::outage),
          .services = services_from(row[5].text()),
          .start = row[6].maybe_time(),
          .end = row[7].maybe_time(),
          .status = named<IncidentStatus>(row[8].text()).value_or(IncidentStatus::reserved),
          .revealed = row[9].flag(),
          .published_at = row[10].maybe_time(),
          .before_us = row[11].flag(),
          .withdrawn_because = row[12].text(),
          .corrections = {}};
}

}  // namespace

Result<std::optional<Incident>> IncidentStore::find(const std::string& id) {
  return store::first(c_.query(kFind, {id}), incident_from);
}

Result<std::vector<Incident>> IncidentStore::list() {
  const Result<Rows> rows = c_.query(kList);
  if (!rows) return rows.error();
  const Result<Rows> corrections = c_.query(kCorrections);
  if (!corrections) return corrections.error();
  std::unordered_map<std::string, std::vector<Correction>> by_incident;
  for (const Row& row : *corrections)
    by_incident[row[0].text()].push_back({static_cast<int>(row[1].integer()), row[2].time()});
  std::vector<Incident> incidents;
  for (const Row& row : *rows) {
    incidents.push_back(incident_from(row));
    if (const auto found = by_incident.find(incidents.back().id); found != by_incident.end())
      incidents.back().corrections = std::move(found->second);
  }
  return incidents;
}

Result<bool> IncidentStore::put_published(const Incident& i, UtcTime now) {
  return store::any(c_.query(
      kPublish, {i.id, i.url, i.title, i.summary, name_of(i.type), services_text(i.services),
                 i.start, i.end, i.published_at.value_or(now), i.before_us, now, now}));
}

Result<bool> IncidentStore::add_version(const std::string& url, std::string_view article,
                                        UtcTime now) {
  const Result<Rows> last = c_.query(kLastVersion, {url});
  if (!last) return last.error();
  const std::string previous = last->empty() ? "" : last->front()[0].text();
  // The store keeps clean UTF-8, so that is what the digest is over.
  const std::string text = to_clean_utf8(article);
  const std::string digest = to_hex(sha256(text));
  if (digest == previous) return false;
  if (Status added = c_.execute(kAddVersion, {random_id(), url, now, digest, previous, text});
      !added)
    return added.error();
  return true;
}

Result<std::vector<PageVersion>> IncidentStore::versions() {
  return store::all(c_.query(kVersions), [](const Row& row) {
    return PageVersion{row[0].text(), row[1].text(), row[2].time(), row[3].text(), row[4].text()};
  });
}

}  // namespace trust::notifier
