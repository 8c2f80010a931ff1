#include "notifier/flow/page_published.h"

#include "lib/base/id.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/retry.h"
#include "lib/store/transact.h"
#include "notifier/announcement/announcement.h"
#include "notifier/announcement/announcement_store.h"
#include "notifier/delivery/delivery_store.h"
#include "notifier/incident/incident_store.h"

namespace trust::notifier {

namespace {

Error placeholder() {
  return {Fault::conflict,
          "the page is a placeholder: Summary and Root cause must both have text before anyone is "
          "told"};
}

/// The files' texts, as parse_mail_template takes them apart again.
std::string text_file(const render::MailTemplate& words) {
  return "Subject: " + words.subject.source() + "\n\n" + words.text.source();
}

std::string domain_of_mails(const Office& office) {
  return std::string{mail::domain_of(office.stationery.from.address)};
}

/// The number of the page's next announcement. Fault::conflict: it has one, and somebody was told
/// or may be.
Result<int> next_number(store::Connection& c, const std::string& url) {
  const auto made = AnnouncementStore{c}.of_page(url, AnnouncementKind::post_mortem);
  if (!made) return made.error();
  for (const Announcement& a : *made) {
    const std::string which = "the page is announced already: " + a.id;
    if (a.state == AnnouncementState::held)
      return Error{Fault::conflict, which + " waits for staff; announcement resume lets it go"};
    if (a.state != AnnouncementState::cancelled)
      return Error{Fault::conflict, which + " is " + std::string{name_of(a.state)}};
    const auto report = DeliveryStore{c}.report(a);
    if (!report) return report.error();
    if (report->cancelled + report->left + report->suppressed != report->recipients)
      return Error{Fault::conflict, which + " was cancelled when some had been told"};
  }
  return static_cast<int>(made->size()) + 1;
}

/// "Subject: …" and the text, as the mail will be for `reader`.
Result<std::string> mail_for_staff(const Announcement& a, const Office& office,
                                   const mail::Address& reader, const Keyring& keyring) {
  const auto words =
      words_for(a, office.announcement, {reader.address, ""}, office.stationery, keyring);
  if (!words) return words.error();
  return "Subject: " + words->subject + "\n\n" + words->text;
}

Status tell_staff(store::Connection& c, const Announcement& a, const Office& office,
                  const Keyring& keyring, UtcTime now) {
  for (std::size_t i = 0; i < office.staff.size(); ++i) {
    const Result<std::string> example = mail_for_staff(a, office, office.staff[i], keyring);
    if (!example) return example.error();
    const std::string name = a.id + ".notice" + std::to_string(i + 1);
    const std::string message_id = name + "@" + domain_of_mails(office);
    Result<outbox::Composed> mail =
        compose_notice({a, time_needed(a.recipients, office.rate_per_second), *example},
                       office.notice, office.staff[i], message_id, office.stationery);
    if (!mail) return mail.error();
    const auto queued = outbox::OutboxStore{c}.add(
        {outbox::Kind::notice, name, mail->envelope_from, mail->recipient, mail->message,
         message_id, now, now + outbox::lifetime_of(outbox::Kind::notice)},
        now);
    if (!queued) return queued.error();
  }
  return ok();
}

Announcement announcement_of(const Incident& incident, const Office& office,
                             const Occasion& occasion, UtcTime now) {
  const bool ask = !occasion.ask_because.empty();
  return {.id = random_id(),
          .url = incident.url,
          .incident_id = incident.id,
          .kind = AnnouncementKind::post_mortem,
          .state = ask ? AnnouncementState::held : AnnouncementState::holding,
          .held_because = occasion.ask_because,
          .hold_until = occasion.at_once ? now : now + office.hold,
          .title = incident.title,
          .summary = incident.summary,
          .type = incident.type,
          .services = incident.services,
          .start = incident.start,
          .end = incident.end,
          .text_template = text_file(office.announcement),
          .html_template = office.announcement.html ? office.announcement.html->source() : "",
          .created_at = now,
          .created_by = occasion.by,
          .finished_at = {}};
}

constexpr std::size_t kMaxTitleBytes = 200;
constexpr std::size_t kMaxSummaryBytes = 4000;

std::string cut(const std::string& text, std::size_t max_bytes) {
  return text.size() <= max_bytes ? text : std::string{cut_utf8(text, max_bytes)} + "\u2026";
}

}  // namespace

Result<Page> page_to_announce(const Site& site, const std::string& id) {
  Result<std::optional<Page>> in_folder = site.find_in_folder(id);
  if (!in_folder) return in_folder.error();
  if (!*in_folder) {
    Result<Page> live = site.read_live(id);
    if (live && !live->article.is_published()) return placeholder();
    return live;
  }
  if (!(*in_folder)->article.is_published()) return placeholder();
  if (site.check_live) {
    if (Status live = site.check_is_live(id); !live)
      return live.error().fault() == Fault::not_found
                 ? Error{Fault::unavailable, live.error().text()}
                 : live.error();
  }
  return **std::move(in_folder);
}

Result<Announcement> draft_announcement(store::Connection& c, const Office& office,
                                        const Page& page, const Occasion& occasion, UtcTime now) {
  const Result<int> number = next_number(c, page.url);
  if (!number) return number.error();
  Announcement a = announcement_of(incident_of(page), office, occasion, now);
  a.number = *number;
  const Result<std::int64_t> readers = DeliveryStore{c}.count_readers(a.services);
  if (!readers) return readers.error();
  a.recipients = *readers;
  return a;
}

// All in one transaction, so if we die here, then nothing of it is there: the next look finds the
// page new, and a person's command is repeated. Nothing is sent by this function; the deliveries
// are due when the hold is over, and the outbox sends each once.
Result<Announcement> page_published(store::Connection& store, const Keyring& keyring,
                                    const Office& office, const Page& page,
                                    const Occasion& occasion, UtcTime now) {
  Result<Announcement> made =
      store::transact(store, [&](store::Connection& c) -> Result<Announcement> {
        const Result<Incident> incident = register_page(c, page, BeforeUs::no, now);
        if (!incident) return incident.error();
        const Result<int> number = next_number(c, page.url);
        if (!number) return number.error();
        Announcement a = announcement_of(*incident, office, occasion, now);
        a.number = *number;
        if (const Status added = AnnouncementStore{c}.add(a); !added) return added.error();
        const Result<std::int64_t> recipients =
            DeliveryStore{c}.fan_out(a, domain_of_mails(office));
        if (!recipients) return recipients.error();
        a.recipients = *recipients;
        if (const Status set = AnnouncementStore{c}.set_recipients(a.id, a.recipients); !set)
          return set.error();
        if (const Status told = tell_staff(c, a, office, keyring, now); !told) return told.error();
        return a;
      });
  if (!made) return made;
  const Announcement& a = *made;
  if (a.state == AnnouncementState::held)
    log(Event::announcement_held, {{"announcement", a.id}, {"reason", a.held_because}});
  else
    log(Event::announced,
        {{"announcement", a.id},
         {"recipients", a.recipients},
         {"hold_s", std::chrono::ceil<std::chrono::seconds>(a.hold_until - now).count()}});
  return made;
}

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
