#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/text.h"
#include "lib/cli/columns.h"
#include "lib/cli/json_out.h"
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

}  // namespace

cli::Exit run_announcement_list(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened(app, arguments, io, [&](Opened& all) {
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
  });
}

cli::Exit run_announcement_report(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened(app, arguments, io, [&](Opened& all) {
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
  });
}

cli::Exit run_announcement_cancel(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened_as(app, arguments, io, [&](Opened& all, const std::string&) {
    const auto rows = cancel_announcement(all.store, arguments.words().front(), app.clock.now());
    if (!rows) return cli::fail(io, rows.error());
    io.err << *rows << " mails are cancelled; no further one leaves\n";
    return Exit::done;
  });
}

cli::Exit run_announcement_resume(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened_as(app, arguments, io, [&](Opened& all, const std::string&) {
    if (Status done = resume_announcement(all.store, arguments.words().front(), all.office.hold,
                                          app.clock.now());
        !done)
      return cli::fail(io, done.error());
    io.err << "its hold has begun\n";
    return Exit::done;
  });
}

}  // namespace trust::notifier
