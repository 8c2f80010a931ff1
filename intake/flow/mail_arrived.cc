#include "intake/flow/mail_arrived.h"

#include "intake/case/case_store.h"
#include "intake/case/mail_store.h"
#include "intake/flow/filing.h"
#include "intake/flow/reading.h"
#include "intake/flow/telling.h"
#include "lib/base/log.h"

namespace trust::intake {

namespace {

constexpr int kPage = 50;

/// A mail from the mailbox to its people. Its bytes were stored by mailbox/sync, in one transaction
/// with the row that says that the server showed it to us: nothing can be lost after that, so every
/// step here may fail or be killed.
///
/// stored -> parsed -> filed
Result<Filed> mail_arrived(const FlowTools& tools, const FlowSettings& settings,
                           const ParseMail& parse, const std::string& mail_id, Arrived& arrived) {
  // 1. What does it say? A child process reads it; what cannot be read is known by its header.
  // If we die here, then it is still `stored`, and the next call reads it again.
  const Result<bool> parsed = parse_stored(tools, settings, parse, mail_id);
  if (!parsed) return parsed.error();
  if (*parsed) ++arrived.parsed;

  // 2. What is it, and where does it belong? It opens a case with its promises, joins one, or is a
  // look; what the reporter and staff are owed is written on the case in the same transaction.
  // If we die here, then it is still `parsed`, no case knows of it, and the next call files it.
  Result<Filed> filed = file_parsed(tools, settings, mail_id);
  if (!filed) return filed.error();
  if (filed->now) ++arrived.filed;
  if (filed->now && filed->opened) ++arrived.opened;
  return filed;
}

/// Whether it makes no sense to go on with the next mail.
bool is_about_the_world(Fault fault) {
  return fault == Fault::unavailable || fault == Fault::outcome_unknown;
}

/// Takes note of a mail or case that failed: nothing, or the failure that ends this call.
Status go_on_after(const Error& error, std::string_view step, const std::string& id,
                   Arrived& arrived) {
  if (is_about_the_world(error.fault())) return error.within(step);
  log(Event::step_failed, {{"step", step}, {"id", id}, {"fault", error.fault()}});
  ++arrived.stuck;
  return ok();
}

using Pending = Result<std::vector<std::string>> (CaseStore::*)(const std::string& last, int limit);
using Tell = Result<int> (*)(const FlowTools&, const FlowSettings&, const std::string& case_id);

/// One thing that is owed, for every case that waits for it.
Status tell_all(const FlowTools& tools, const FlowSettings& settings, Pending pending, Tell tell,
                std::string_view step, Arrived& arrived) {
  CaseStore cases{tools.connection};
  std::string last;
  for (;;) {
    const Result<std::vector<std::string>> ids = (cases.*pending)(last, kPage);
    if (!ids) return ids.error().within(step);
    if (ids->empty()) return ok();
    for (const std::string& id : *ids) {
      const Result<int> queued = tell(tools, settings, id);
      if (queued) arrived.queued += *queued;
      if (queued) continue;
      if (Status next = go_on_after(queued.error(), step, id, arrived); !next) return next;
    }
    last = ids->back();
  }
}

Status tell(const FlowTools& tools, const FlowSettings& settings, Arrived& arrived) {
  // 3. Staff hear of it. If we die here, then the case still says `notice = pending`, and the next
  // call queues it; the outbox takes one mail for each (case, mail, member of staff), for ever.
  if (Status told =
          tell_all(tools, settings, &CaseStore::to_notice, notify_staff, "notice", arrived);
      !told)
    return told;
  // 4. The reporter gets an acknowledgment. If we die here, then the case still says
  // `acknowledgment = pending`; the outbox takes one for each case, for ever.
  return tell_all(tools, settings, &CaseStore::to_acknowledge, acknowledge_reporter,
                  "acknowledgment", arrived);
  // 5. lib/outbox sends both. If we die there, then its rows say how far each mail was.
}

}  // namespace

Result<Arrived> mails_arrived(const FlowTools& tools, const FlowSettings& settings,
                              const ParseMail& parse, const StopSignal& stop) {
  Arrived arrived;
  MailStore mails{tools.connection};
  MailStore::Waiting last;
  for (;;) {
    const auto page = mails.waiting(last, kPage);
    if (!page) return page.error().within("mails to file");
    for (const MailStore::Waiting& mail : *page) {
      if (stop.requested()) return arrived;
      const Result<Filed> filed = mail_arrived(tools, settings, parse, mail.id, arrived);
      if (filed) continue;
      if (Status next = go_on_after(filed.error(), "filing", mail.id, arrived); !next)
        return next.error();
    }
    if (Status told = tell(tools, settings, arrived); !told) return told.error();
    if (page->empty()) return arrived;
    last = page->back();
  }
}

}  // namespace trust::intake
