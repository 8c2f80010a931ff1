#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "intake/case/case.h"
#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::intake {

/// Which cases a list shows.
struct CaseFilter {
  std::string state = "open";  ///< open | answered | closed | look | all
  std::string assignee;        ///< "" = any
  std::string search;          ///< these words, in subject, reporter or id; "" = any
  bool late_only = false;
  UtcTime now{};
  int limit = 1000;
};

/// A case with its most pressing open promise.
struct QueuedCase {
  Case c;
  std::optional<UtcTime> due;
};

/// The SQL about cases and promises. Calls take part in the caller's transaction.
class CaseStore {
 public:
  explicit CaseStore(store::Connection& connection) : c_{connection} {}

  /// False: that mail has opened a case before, and nothing changed.
  Result<bool> open(const Case& c);
  /// Fault::not_found: no such case; the text is a sentence for a person.
  Result<Case> find(const std::string& id);
  /// The same inside a transaction that will change the case: nobody else changes it before the
  /// end.
  Result<Case> hold(const std::string& id);
  Result<std::optional<std::string>> id_opened_by(const std::string& mail_id);
  /// Writes state, outcome, kind and the other words of `c`, not its acknowledgment and notice, and
  /// counts its version up. Fault::conflict: it is no longer at `c.version`.
  Status update(const Case& c);
  /// Writes c.marks only; the version stays.
  Status update_marks(const Case& c);
  /// These are no news to somebody who is writing an answer: the version stays.
  Status set_acknowledgment(const std::string& id, std::string_view state,
                            std::string_view because);
  Status set_notice(const std::string& id, std::string_view state, std::string_view mail_id);

  /// Open cases first; of these urgent ones, then those without a promise (they came back), then
  /// the most pressing promise. The others newest first.
  Result<std::vector<QueuedCase>> list(const CaseFilter& filter);
  /// Up to `limit` cases after `last` ("": from the start) for whom an acknowledgment, or a notice,
  /// is pending; by id.
  Result<std::vector<std::string>> to_acknowledge(const std::string& last, int limit);
  Result<std::vector<std::string>> to_notice(const std::string& last, int limit);

  /// One that ended because its mail was gone goes on.
  Status add_promise(const Promise& promise);
  Result<std::vector<Promise>> promises_of(const std::string& case_id);
  /// Open promises due before `until`, soonest first.
  Result<std::vector<Promise>> due(UtcTime until);
  /// Ends every open promise of that kind; how many there were.
  Result<int> meet(const std::string& case_id, const std::string& kind, UtcTime at);
  /// Ends every open promise of the case without an answer.
  Status make_void(const std::string& case_id, std::string_view because, UtcTime at);

  Status add_message_id(const std::string& case_id, const std::string& message_id, bool ours);
  Result<std::vector<std::string>> cases_of_message_ids(const std::vector<std::string>& ids);

  /// Acknowledgments given since `since`: to `who`, and to all that were not authenticated.
  struct Given {
    int to_who = 0;
    int to_unauthenticated = 0;
  };
  Result<Given> acknowledgments(const std::string& who, UtcTime since_day, UtcTime since_hour);
  Result<bool> add_acknowledgment(const std::string& case_id, const std::string& who,
                                  bool authenticated, UtcTime at);

  struct Answer {
    std::string id, case_id, outcome, incident, url, words, by;
    UtcTime at{};
    std::string message_id;
    std::string message{};  ///< the mail's bytes; only written
  };
  Status add_answer(const Answer& answer);
  Result<std::vector<Answer>> answers_of(const std::string& case_id);

  struct Counts {
    int open = 0, late = 0, look = 0, answered = 0;
    int not_acknowledged = 0;  ///< open, and the budget was spent
  };
  Result<Counts> count(UtcTime now);
  Result<std::map<std::string, int>> count_by_state();
  /// Open promises: "response late", "response due" (within 24 h), "response open" (later) -> how
  /// many.
  Result<std::map<std::string, int>> count_promises(UtcTime now);

 private:
  store::Connection& c_;
};

}  // namespace trust::intake
