#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/cli/output.h"
#include "lib/mail/address.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/retry.h"
#include "notifier/announcement/announcement.h"
#include "notifier/announcement/announcement_store.h"
#include "notifier/cli/commands.h"
#include "notifier/delivery/delivery_store.h"
#include "notifier/flow/staff_decided.h"

namespace trust::notifier {

namespace {

using cli::Exit;
using Json = nlohmann::ordered_json;

constexpr int kMostShown = 10'000;

Json json_of(const Announcement& a) {
  return {{"id", a.id},
          {"url", a.url},
          {"incident", a.incident_id},
          {"kind", name_of(a.kind)},
          {"number", a.number},
          {"state", name_of(a.state)},
          {"held_because", cli::or_null(a.held_because)},
          {"hold_until", to_rfc3339(a.hold_until)},
          {"recipients", a.recipients},
          {"title", a.title},
          {"created_at", to_rfc3339(a.created_at)},
          {"created_by", a.created_by},
          {"finished_at", cli::or_null(a.finished_at)}};
}

std::vector<std::pair<const char*, std::int64_t>> lines_of(const Report& r) {
  return {{"queued", r.queued},       {"claimed", r.claimed},       {"sending", r.sending},
          {"deferred", r.deferred},   {"accepted", r.accepted},     {"failed", r.failed},
          {"uncertain", r.uncertain}, {"suppressed", r.suppressed}, {"left", r.left},
          {"cancelled", r.cancelled}};
}

Exit print_undelivered(Opened& all, const Announcement& a, bool as_json, cli::Io io) {
  const auto rows = DeliveryStore{all.store}.undelivered(a.id, kMostShown);
  if (!rows) return cli::fail(io, rows.error());
  if (as_json) {
    Json list = Json::array();
    for (const Undelivered& u : *rows)
      list.push_back({{"address", cli::or_null(u.address)},
                      {"state", u.state},
                      {"code", u.code},
                      {"status", cli::or_null(u.status)},
                      {"reply", u.reply},
                      {"at", to_rfc3339(u.at)}});
    cli::print_json(io.out, {{"id", a.id}, {"undelivered", std::move(list)}});
    return Exit::done;
  }
  std::vector<std::vector<std::string>> lines;
  for (const Undelivered& u : *rows)
    lines.push_back({u.address.empty() ? "(erased)" : u.address, u.state,
                     u.code == 0 ? "" : std::to_string(u.code), u.status, u.reply});
  cli::print_columns(io.out, {"address", "state", "code", "status", "the relay said"}, lines);
  return Exit::done;
}

using cli::Exit;

/// What would happen: recipients, time, the mail.
Exit print_dry_run(Opened& all, const Announcement& a, bool as_json, cli::Io io) {
  const auto words = words_for(a, all.office.announcement, {"reader@example.org", ""},
                               all.office.stationery, all.keyring);
  if (!words) return cli::fail(io, words.error());
  const std::string time = time_needed(a.recipients, all.office.rate_per_second);
  if (as_json) {
    cli::print_json(io.out, {{"url", a.url},
                             {"recipients", a.recipients},
                             {"time_needed", time},
                             {"hold_until", to_rfc3339(a.hold_until)},
                             {"subject", words->subject},
                             {"text", words->text}});
    return Exit::done;
  }
  io.out << fmt::format(
      "page        {}\nrecipients  {}\ntime        {}\nleaves      {}\n\nSubject: {}\n\n{}", a.url,
      a.recipients, time, to_rfc3339(a.hold_until), to_display(words->subject, Newlines::to_space),
      to_display(words->text, Newlines::keep));
  return Exit::done;
}

/// The mail to one address, by the outbox like any other; the register and the readers stay as they
/// are.
Exit send_test(Opened& all, const Announcement& a, const std::string& to, UtcTime now, cli::Io io) {
  const Result<std::string> address = mail::strict_address(to);
  if (!address) return cli::refuse(io, "--test: no address that can be written to");
  const std::string row_id = to_hex(random_bytes(10));
  const std::string message_id =
      row_id + "@" + std::string{mail::domain_of(all.office.stationery.from.address)};
  const auto mail = compose_announcement(a, all.office.announcement, {*address, ""}, row_id,
                                         message_id, all.office.stationery, all.keyring);
  if (!mail) return cli::fail(io, mail.error());
  const auto queued = outbox::OutboxStore{all.store}.add(
      {outbox::Kind::notice, "test." + row_id, mail->envelope_from, mail->recipient, mail->message,
       message_id, now, now + outbox::lifetime_of(outbox::Kind::notice)},
      now);
  if (!queued) return cli::fail(io, queued.error());
  io.err << "the mail is in the outbox; trust-notifier run sends it\n";
  return Exit::done;
}

}  // namespace

cli::Exit run_announcement_list(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const auto list = AnnouncementStore{all.store}.list();
  if (!list) return cli::fail(io, list.error());
  if (arguments.wants_json()) {
    Json rows = Json::array();
    for (const Announcement& a : *list) rows.push_back(json_of(a));
    cli::print_json(io.out, {{"announcements", std::move(rows)}});
    return Exit::done;
  }
  std::vector<std::vector<std::string>> lines;
  for (const Announcement& a : *list)
    lines.push_back({a.id, std::string{name_of(a.state)}, std::to_string(a.recipients),
                     to_rfc3339(a.created_at), a.incident_id});
  cli::print_columns(io.out, {"id", "state", "recipients", "made", "page"}, lines);
  return Exit::done;
}

cli::Exit run_announcement_report(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const auto found = AnnouncementStore{all.store}.find(arguments.words().front());
  if (!found) return cli::fail(io, found.error());
  if (!*found)
    return cli::fail(
        io, {Fault::not_found, "no announcement has this id; announcement list shows them"});
  const Announcement& a = **found;
  if (arguments.has("--failed")) return print_undelivered(all, a, arguments.wants_json(), io);
  const auto report = DeliveryStore{all.store}.report(a);
  if (!report) return cli::fail(io, report.error());
  if (arguments.wants_json()) {
    Json json = json_of(a);
    json["eligible"] = report->eligible();
    for (const auto& [name, count] : lines_of(*report)) json[name] = count;
    json["uncertain_waiting"] = report->uncertain_waiting;
    json["finished"] = report->is_finished();
    json["closes"] = report->closes();
    cli::print_json(io.out, json);
  } else {
    io.out << fmt::format("{}\n{}\nstate       {}{}\nfrozen      {}\n", a.url,
                          to_display(a.title, Newlines::to_space), name_of(a.state),
                          a.held_because.empty() ? "" : " (was held: " + a.held_because + ")",
                          a.recipients);
    for (const auto& [name, count] : lines_of(*report))
      if (count > 0) io.out << fmt::format("{:<11} {}\n", name, count);
    if (report->uncertain_waiting > 0)
      io.out << fmt::format("            {} of the uncertain are sent once more\n",
                            report->uncertain_waiting);
    io.out << fmt::format(
        "eligible    {}{}\n{}\n", report->eligible(),
        report->closes() ? "" : ", which is NOT what was frozen",
        report->is_finished() ? "finished: nothing is left to send" : "not finished");
  }
  return report->closes() ? Exit::done : Exit::failed;
}

cli::Exit run_announcement_cancel(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const auto rows = cancel_announcement(all.store, arguments.words().front(), all.app.clock.now());
  if (!rows) return cli::fail(io, rows.error());
  io.err << *rows << " mails are cancelled; no further one leaves\n";
  return Exit::done;
}

cli::Exit run_announcement_resume(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  if (Status done = resume_announcement(all.store, arguments.words().front(), all.office.hold,
                                        all.app.clock.now());
      !done)
    return cli::fail(io, done.error());
  io.err << "its hold has begun\n";
  return Exit::done;
}

cli::Exit run_announce(Opened& all, const cli::Arguments& arguments, cli::Io io) {
  const bool acts = !arguments.has("--dry-run");
  const Result<std::string> who = acts ? cli::acting_person(arguments, all.config.staff_addresses())
                                       : Result<std::string>{std::string{"nobody"}};
  if (!who) return cli::fail(io, who.error());
  const Result<std::string> id = incident_id_from(all.site.base_url, arguments.words().front());
  if (!id) return cli::fail(io, id.error());
  const Result<Page> page = page_to_announce(all.site, *id);
  if (!page) return cli::fail(io, page.error());

  const Occasion occasion{*who, "", arguments.has("--now")};
  const UtcTime now = all.app.clock.now();
  if (!acts || arguments.has("--test")) {
    const auto draft = draft_announcement(all.store, all.office, *page, occasion, now);
    if (!draft) return cli::fail(io, draft.error());
    return acts ? send_test(all, *draft, *arguments.value("--test"), now, io)
                : print_dry_run(all, *draft, arguments.wants_json(), io);
  }
  const auto made = page_published(all.store, all.keyring, all.office, *page, occasion, now);
  if (!made) return cli::fail(io, made.error());
  if (arguments.wants_json()) {
    cli::print_json(io.out, {{"id", made->id},
                             {"url", made->url},
                             {"state", name_of(made->state)},
                             {"recipients", made->recipients},
                             {"hold_until", to_rfc3339(made->hold_until)}});
    return Exit::done;
  }
  io.out << made->id << '\n';
  io.err << fmt::format("{} subscribers are told from {} on, {}; trust-notifier run sends\n",
                        made->recipients, to_rfc3339(made->hold_until),
                        time_needed(made->recipients, all.office.rate_per_second));
  return Exit::done;
}

}  // namespace trust::notifier
