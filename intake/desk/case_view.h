#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intake/case/case_store.h"
#include "intake/case/history_store.h"
#include "intake/clock/calendar.h"
#include "lib/mail/message.h"

namespace trust::intake {

/// A mail with what it says.
struct MailView {
  StoredMail mail;
  mail::ParsedMail parsed;
};

/// A promise with the days that were counted.
struct PromiseView {
  Promise promise;
  DueTime counted;
  std::string start_by;  ///< internal_date | first_seen | received_field: which time it starts from
};

/// Attachments are numbered from 1 over the whole case.
struct NumberedAttachment {
  int n = 0;
  std::string mail_id;
  mail::Attachment attachment;
};

/// One case with everything that belongs to it.
struct CaseView {
  Case c;
  std::vector<MailView> mails;  ///< by arrival
  std::vector<NumberedAttachment> attachments;
  std::vector<PromiseView> promises;
  std::vector<CaseStore::Answer> answers;
  std::vector<HistoryEntry> history;
};

/// For cage::ParserChild::decode.
struct AttachmentSource {
  mail::Attachment attachment;
  std::string raw;
};

/// An open promise and whose it is.
struct DuePromise {
  Promise promise;
  Case c;
};

struct DeskCounts {
  CaseStore::Counts cases;
  int mails_to_file = 0;     ///< stored, not yet filed
  int not_acknowledged = 0;  ///< open cases over the budget
};

struct DeskAudit {
  std::string broken_chain;    ///< "TM-… row 3"; "" = all history verifies
  int mails_to_file = 0;       ///< stored more than an hour ago and still without a place
  int mails_without_case = 0;  ///< filed, and in no case: a fault
};

/// The id of a case as a person may type it: in any case of letters, with or without "TM-".
std::string case_name(std::string_view typed);

}  // namespace trust::intake
