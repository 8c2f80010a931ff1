#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/cli/json_out.h"
#include "lib/mail/address.h"
#include "lib/outbox/outbox_store.h"
#include "lib/outbox/retry.h"
#include "notifier/announcement/rules.h"
#include "notifier/cli/commands.h"

namespace trust::notifier {

namespace {

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

cli::Exit run_announce(App& app, const cli::Arguments& arguments, cli::Io io) {
  return opened(app, arguments, io, [&](Opened& all) {
    const bool acts = !arguments.has("--dry-run");
    const Result<std::string> who =
        acts ? cli::acting_person(arguments, all.config.staff_addresses())
             : Result<std::string>{std::string{"nobody"}};
    if (!who) return cli::fail(io, who.error());
    const Result<std::string> id = incident_id_from(all.site.base_url, arguments.words().front());
    if (!id) return cli::fail(io, id.error());
    const Result<Page> page = page_to_announce(all.site, *id);
    if (!page) return cli::fail(io, page.error());

    const Occasion occasion{*who, "", arguments.has("--now")};
    const UtcTime now = app.clock.now();
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
  });
}

}  // namespace trust::notifier
