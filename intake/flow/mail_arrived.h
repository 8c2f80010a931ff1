#pragma once

/// intake/flow: what happens when something happens; one file per event.
///   mail_arrived.*  a stored mail becomes a case, a follow-up or a look; the reporter gets an
///                   acknowledgment, staff a notice. Start reading in mail_arrived.cc.
///   reading.*       what one mail says, by the parser child
///   filing.*        where it belongs, and the transaction that puts it there;  new_case.* (pure)
///   clock_ticked.*  one business day left, late, the morning list: each told to staff once
///   telling.*       acknowledgments and notices: what is owed, what budgets allow
/// Promise: each stage is a transaction of its own and safe to repeat; whatever dies between two
/// of them is taken up by the next call. Not here: fetching (mailbox/), sending (lib/outbox).

#include <functional>
#include <string>
#include <vector>

#include "intake/answer/answer.h"
#include "intake/answer/letters.h"
#include "intake/clock/calendar.h"
#include "intake/report/service_book.h"
#include "lib/base/result.h"
#include "lib/base/signals.h"
#include "lib/base/token.h"
#include "lib/mail/message.h"
#include "lib/store/database.h"

namespace trust::intake {

/// Reads a mail: cage::ParserChild::parse, or whatever a test hands in.
using ParseMail = std::function<Result<mail::ParsedMail>(std::string_view raw)>;

/// What the flow works with; all of it outlives the flow.
struct FlowTools {
  store::Connection& connection;
  const Keyring& keyring;
  const Calendar& calendar;
  const ServiceBook& services;
  const Letters& letters;
  const Clock& clock;
};

struct FlowSettings {
  Identity identity;
  std::vector<std::string> staff;      ///< who gets notices
  std::vector<std::string> own_lists;  ///< as understand() wants them
  std::string authserv_id;             ///< whose Authentication-Results are believed; "" = topmost
  int acknowledgments_per_hour = 60;   ///< to senders without dmarc=pass
  std::chrono::minutes notices_at = std::chrono::hours{8};  ///< since midnight, UTC
};

/// What one call did.
struct Arrived {
  int parsed = 0;
  int filed = 0;
  int opened = 0;  ///< of these: cases, looks included
  int queued = 0;  ///< rows in the outbox: wake its worker
  int stuck = 0;   ///< mails that failed; tried again by the next call

  bool did_anything() const { return parsed + filed + queued > 0; }
};

/// Takes every stored mail as far as it goes, oldest first: parsed, filed, acknowledged, noticed.
/// One mail that fails does not stop the next. Ends early between two mails when `stop` is
/// requested. Call it after each look at the mailbox, at start, and every few seconds (a person may
/// have ordered an acknowledgment meanwhile).
/// Fault::unavailable: the store, or no parser child can be started; nothing is lost.
Result<Arrived> mails_arrived(const FlowTools& tools, const FlowSettings& settings,
                              const ParseMail& parse, const StopSignal& stop);

}  // namespace trust::intake
