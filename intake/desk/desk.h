#pragma once

/// intake/desk: what a member of staff can see and do. The command line, the web page and a mailed
/// answer are skins over it; none of them knows more.
///   desk.h       the face;  desk.cc  looking;  desk_acts.cc  changing
///   case_view.h  one case with everything that belongs to it; ids as a person types them
/// Promise: an act is one transaction with its history row. An answer with an outcome meets the
/// response promise in the transaction that queues its mail.
/// Not here: how a mail becomes a case (flow/), what mails say (answer/), sending (lib/outbox).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intake/answer/answer.h"
#include "intake/answer/letters.h"
#include "intake/case/case_store.h"
#include "intake/case/promise.h"
#include "intake/clock/calendar.h"
#include "intake/desk/case_view.h"
#include "lib/base/result.h"
#include "lib/base/token.h"
#include "lib/config/setting.h"
#include "lib/store/database.h"

namespace trust::intake {

/// What the desk works with; all of it outlives the desk.
struct DeskTools {
  store::Connection& connection;
  const Keyring& keyring;
  const Calendar& calendar;
  const Letters& letters;
  const Clock& clock;
};

struct DeskSettings {
  Identity identity;
  std::vector<config::Person> staff;
  /// The text of the register's incidents.json, read anew for each answer that needs it; empty:
  /// none is configured, and any https URL is taken with a warning.
  std::function<Result<std::string>()> read_register;
};

/// What a person wants to tell the reporter.
struct AnswerRequest {
  std::string case_id;
  Outcome outcome = Outcome::reply;
  std::string words;
  std::string incident;  ///< of tracking; may be ""
  std::string url;       ///< of post-mortem
  std::string by;        ///< address of the member of staff
  /// The version of the case its writer had on the screen; none: the one in the store.
  std::optional<std::int64_t> seen_version;
  bool anyway = false;  ///< although somebody has answered meanwhile
};

/// A mail as it goes out, or as `--preview` shows it.
struct Answered {
  Outgoing mail;
  std::string warning;  ///< one sentence for the writer; "" = none
};

/// The desk, for one thread.
class Desk {
 public:
  Desk(DeskTools tools, DeskSettings settings) : t_{tools}, settings_{std::move(settings)} {}

  /// Fault::denied: not in `staff`. The address in any case of letters.
  Result<config::Person> staff_member(std::string_view address) const;

  // Looking. An id is taken in any case of letters, and with or without "TM-".
  Result<std::vector<QueuedCase>> list(CaseFilter filter);
  Result<CaseView> show(const std::string& case_id);
  /// The n-th attachment of the case, as `show` numbers them from 1, with the raw mail to decode it
  /// from. Fault::not_found: there are fewer.
  Result<AttachmentSource> attachment(const std::string& case_id, int n);
  /// The mails of a case byte for byte, in the order of `show`.
  Result<std::vector<std::string>> raw_mails(const std::string& case_id);
  /// Open promises due within `span` from now (late ones too), soonest first.
  Result<std::vector<DuePromise>> due(std::chrono::milliseconds span);
  Result<DeskCounts> counts();
  /// What the store can say about itself: chains, and mails without a place.
  Result<DeskAudit> audit();

  // Acting. All: Fault::not_found no such case, Fault::denied `by` is no staff.
  /// The mail that answer() would queue; nothing is changed.
  Result<Answered> preview(const AnswerRequest& request);
  /// Queues the mail, keeps a copy, and for an outcome meets the response promise.
  ///   invalid   no words, nobody to write to, or a URL the register does not have
  ///   conflict  a `look`; or answered before, or since `seen_version`, and not `anyway`
  Result<Answered> answer(const AnswerRequest& request);
  /// A look becomes a report with its true arrival time. Fault::conflict: it is none.
  Result<Case> report(const std::string& case_id, const std::string& by);
  /// An acknowledgment although age or budget forbid it; queued by the service's next look.
  /// Fault::conflict: it has one, or is a look. Fault::invalid: nobody to write to.
  Result<Case> acknowledge(const std::string& case_id, const std::string& by);
  /// Words for staff in the history; nothing else changes. Fault::invalid: none, too long, no
  /// UTF-8.
  Result<Case> note(const std::string& case_id, const std::string& words, const std::string& by);
  /// `as` done | spam | duplicate. What was promised and is open becomes void with that reason, but
  /// of a `done` case it is owed. Fault::conflict: that, or it is closed already.
  Result<Case> close(const std::string& case_id, const std::string& as, const std::string& by);

 private:
  struct Prepared;
  Result<Prepared> prepare(const AnswerRequest& request);
  Result<Outgoing> write(store::Connection& connection, const Case& c,
                         const AnswerRequest& request);
  Status record(store::Connection& connection, Case& held, const AnswerRequest& request,
                const config::Person& by, const Outgoing& mail, UtcTime now);
  Status promise_triage(store::Connection& connection, const Case& c);
  /// One act of a member of staff on one case, held, with its history row: one transaction.
  using Act = std::function<Status(store::Connection&, Case& held, const Changer&)>;
  Result<Case> change(const std::string& case_id, const std::string& by, std::string_view what,
                      const Act& act);

  DeskTools t_;
  DeskSettings settings_;
};

}  // namespace trust::intake
