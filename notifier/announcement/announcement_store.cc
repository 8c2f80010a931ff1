#include "notifier/announcement/announcement_store.h"

#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/store/rows.h"

namespace trust::notifier {

namespace {

using store::Row;
using store::Rows;
using store::Sql;

constexpr std::string_view kColumns = "tttttitiitttttiiitit";

constexpr Sql kAdd{"add_announcement", R"sql(
    INSERT INTO announcement (id, url, incident_id, kind, number, state, held_because, hold_until, recipients,
                              title, summary, type, services, start_at, end_at, text_template, html_template,
                              created_at, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    ON CONFLICT (url, kind, number) DO NOTHING RETURNING id)sql",
                   "t"};

constexpr Sql kAddService{"add_announcement_service", R"sql(
    INSERT INTO announcement_service (announcement_id, service) VALUES ($1, $2)
    ON CONFLICT (announcement_id, service) DO NOTHING)sql"};

constexpr Sql kAddTemplate{"add_template_version", R"sql(
    INSERT INTO template_version (digest, text) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING)sql"};
constexpr Sql kTemplate{"get_template_version",
                        "SELECT text FROM template_version WHERE digest = $1", "t"};

constexpr Sql kSetRecipients{"set_recipients",
                             "UPDATE announcement SET recipients = $1 WHERE id = $2"};

constexpr Sql kFind{"find_announcement", R"sql(
    SELECT id, url, incident_id, kind, state, number, held_because, hold_until, recipients, title, summary,
           type, services, created_by, start_at, end_at, created_at, text_template, finished_at, html_template
    FROM announcement WHERE id = $1)sql",
                    kColumns};
constexpr Sql kList{"list_announcements", R"sql(
    SELECT id, url, incident_id, kind, state, number, held_because, hold_until, recipients, title, summary,
           type, services, created_by, start_at, end_at, created_at, text_template, finished_at, html_template
    FROM announcement ORDER BY created_at DESC, id)sql",
                    kColumns};
constexpr Sql kOfPage{"list_announcements_of_page", R"sql(
    SELECT id, url, incident_id, kind, state, number, held_because, hold_until, recipients, title, summary,
           type, services, created_by, start_at, end_at, created_at, text_template, finished_at, html_template
    FROM announcement WHERE url = $1 AND kind = $2 ORDER BY number)sql",
                      kColumns};
constexpr Sql kOpen{"list_open_announcements", R"sql(
    SELECT id, url, incident_id, kind, state, number, held_because, hold_until, recipients, title, summary,
           type, services, created_by, start_at, end_at, created_at, text_template, finished_at, html_template
    FROM announcement WHERE state IN ('held', 'holding', 'sending') ORDER BY created_at, id)sql",
                    kColumns};

constexpr Sql kStanding{"announcement_standing",
                        "SELECT state, hold_until FROM announcement WHERE id = $1", "ti"};

constexpr Sql kRelease{"release_announcement", R"sql(
    UPDATE announcement SET state = 'sending' WHERE id = $1 AND state = 'holding' RETURNING id)sql",
                       "t"};
constexpr Sql kFinish{"finish_announcement", R"sql(
    UPDATE announcement SET state = 'finished', finished_at = $1
    WHERE id = $2 AND state = 'sending' RETURNING id)sql",
                      "t"};
constexpr Sql kCancel{"cancel_announcement", R"sql(
    UPDATE announcement SET state = 'cancelled'
    WHERE id = $1 AND state IN ('held', 'holding', 'sending') RETURNING id)sql",
                      "t"};
constexpr Sql kResume{"resume_announcement", R"sql(
    UPDATE announcement SET state = 'holding', hold_until = $1 WHERE id = $2 AND state = 'held' RETURNING id)sql",
                      "t"};

/// The templates are their digests still.
Announcement announcement_from(const Row& row) {
  return {.id = row[0].text(),
          .url = row[1].text(),
          .incident_id = row[2].text(),
          .kind = named<AnnouncementKind>(row[3].text()).value_or(AnnouncementKind::post_mortem),
          .number = static_cast<int>(row[5].integer()),
          .state = named<AnnouncementState>(row[4].text()).value_or(AnnouncementState::held),
          .held_because = row[6].text(),
          .hold_until = row[7].time(),
          .recipients = row[8].integer(),
          .title = row[9].text(),
          .summary = row[10].text(),
          .type = incident_type_of(row[11].text()).value_or(IncidentType::outage),
          .services = services_from(row[12].text()),
          .start = row[14].maybe_time(),
          .end = row[15].maybe_time(),
          .text_template = row[17].text(),
          .html_template = row[19].text(),
          .created_at = row[16].time(),
          .created_by = row[13].text(),
          .finished_at = row[18].maybe_time()};
}

}  // namespace

Status AnnouncementStore::put_template(const std::string& digest, const std::string& text) {
  return c_.execute(kAddTemplate, {digest, text});
}

Status AnnouncementStore::add(const Announcement& a) {
  const std::string text_digest = to_hex(sha256(a.text_template));
  const std::string html_digest = to_hex(sha256(a.html_template));
  if (Status put = put_template(text_digest, a.text_template); !put) return put;
  if (Status put = put_template(html_digest, a.html_template); !put) return put;
  const Result<Rows> added =
      c_.query(kAdd, {a.id, a.url, a.incident_id, name_of(a.kind), a.number, name_of(a.state),
                      a.held_because, a.hold_until, a.title, a.summary, name_of(a.type),
                      services_text(a.services), a.start, a.end, text_digest, html_digest,
                      a.created_at, a.created_by});
  if (!added) return added.error();
  if (added->empty()) return Error{Fault::conflict, "this page is announced already"};
  for (const std::string& service : a.services)
    if (Status put = c_.execute(kAddService, {a.id, folded_service(service)}); !put) return put;
  return ok();
}

Status AnnouncementStore::set_recipients(const std::string& id, std::int64_t recipients) {
  return c_.execute(kSetRecipients, {recipients, id});
}

Result<std::optional<Announcement>> AnnouncementStore::find(const std::string& id) {
  Result<std::optional<Announcement>> found =
      store::first(c_.query(kFind, {id}), announcement_from);
  if (!found || !*found) return found;
  for (std::string* words : {&(*found)->text_template, &(*found)->html_template}) {
    const Result<Row> row = c_.query_one(kTemplate, {*words});
    if (!row) return row.error();
    *words = (*row)[0].text();
  }
  return found;
}

Result<std::vector<Announcement>> AnnouncementStore::list() {
  return store::all(c_.query(kList), announcement_from);
}

Result<std::vector<Announcement>> AnnouncementStore::of_page(const std::string& url,
                                                             AnnouncementKind kind) {
  return store::all(c_.query(kOfPage, {url, name_of(kind)}), announcement_from);
}

Result<std::vector<Announcement>> AnnouncementStore::open() {
  return store::all(c_.query(kOpen), announcement_from);
}

Result<std::optional<AnnouncementStore::Standing>> AnnouncementStore::standing(
    const std::string& id) {
  return store::first(c_.query(kStanding, {id}), [](const Row& row) {
    return Standing{named<AnnouncementState>(row[0].text()).value_or(AnnouncementState::held),
                    row[1].time()};
  });
}

Result<bool> AnnouncementStore::release(const std::string& id) {
  return store::any(c_.query(kRelease, {id}));
}

Result<bool> AnnouncementStore::finish(const std::string& id, UtcTime now) {
  return store::any(c_.query(kFinish, {now, id}));
}

Result<bool> AnnouncementStore::cancel(const std::string& id) {
  return store::any(c_.query(kCancel, {id}));
}

Result<bool> AnnouncementStore::resume(const std::string& id, UtcTime hold_until) {
  return store::any(c_.query(kResume, {hold_until, id}));
}

}  // namespace trust::notifier
