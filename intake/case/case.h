#pragma once

/// intake/case: what a reporter was promised an answer about.
///   case.h           values: Case, Promise, StoredMail
///   promise.*        a promise from a start and a calendar, what a case that opens is promised,
///                    a look that becomes a report
///   case_id.*        ids, and the signed tokens and Message-IDs that stand for them
///   joining.*        which case a mail belongs to (pure)
///   case_store.*     the SQL about cases and promises;  mail_store.*  about mails
///   alarm_store.*    what staff were told by the clock
///   history_store.*  the append-only, hash-chained record
/// States
///   look --report--> open --answer--> answered --close--> closed
///                     ^------ the reporter writes again ------'
/// Only a person's answer with an outcome ends `open`. A `look` has promised nothing.
/// Not here: what a mail says (report/), when it is due (clock/), who may do what (desk/).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"

namespace trust::intake {

struct Case {
  std::string id;     ///< TM-XXXXXX
  std::string state;  ///< look | open | answered | closed
  std::int64_t version = 1;
  std::string kind;  ///< symptom | vulnerability
  bool urgent = false;
  bool encrypted = false;
  std::string reporter_address;  ///< "" = nobody can be answered
  std::string reporter_name;
  std::string dmarc;  ///< of the first mail, by our own server: pass | fail | ...; "" = unknown
  std::string subject;
  std::vector<std::string> services;
  std::string times = "[]";  ///< JSON list of {"utc", "words"}
  std::vector<std::string> marks;
  std::string look_because;
  std::string assignee;
  std::string first_mail;
  UtcTime received{};
  UtcTime opened{};
  std::optional<UtcTime> answered;
  std::string outcome;
  std::string incident;
  std::string post_mortem_url;
  std::string closed_as;
  std::string acknowledgment;  ///< pending | queued | not_owed | over_budget
  /// Of not_owed and over_budget: look | old | imported | forbidden | no_address | ourselves |
  /// address_day | all_hour; of pending: "ordered" when a person says so, whatever the budgets say.
  std::string acknowledgment_because;
  std::string notice;       ///< pending | queued | none
  std::string notice_mail;  ///< the mail that staff are told of
};

/// A promise and its clock.
struct Promise {
  std::string case_id;
  std::string kind;  ///< response | triage | …
  UtcTime start{};
  UtcTime due{};  ///< met before this moment = in time
  std::optional<UtcTime> met;
  std::optional<UtcTime> voided;
  bool provisional = false;
  std::string calendar;
  std::string derivation;  ///< JSON

  bool is_open() const { return !met && !voided; }
};
/// Of a mail whose bytes do not come; such a promise stands in no case.
inline bool is_about_quarantine(const Promise& promise) { return promise.kind == "quarantine"; }

/// What stands in the place of a folder for a mail out of a file: nobody is told that it came, or
/// its sender may be.
inline constexpr std::string_view kImported = "import";
inline constexpr std::string_view kImportedToTell = "import, acknowledge";

/// A mail in the store.
struct StoredMail {
  std::string id;
  std::string stage;  ///< stored | parsed | filed
  std::string folder;
  UtcTime first_seen{};
  UtcTime received{};
  std::string received_by;
  std::int64_t size_bytes = 0;
  bool truncated = false;
  std::string parsed;  ///< ParsedMail as JSON, long texts cut; "" until parsed
  std::string kind;    ///< name_of(MailKind)
  std::string from_address;
  std::string subject;
  std::string message_id;
  std::string case_id;
  std::string relation;  ///< first | follow_up | other_address | copy | bounce | auto_reply | ours
};

}  // namespace trust::intake
