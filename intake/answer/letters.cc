#include "intake/answer/letters.h"

#include <cassert>

namespace trust::intake {

namespace {

using render::Variable;
using Kind = render::Variable::Kind;

constexpr Variable kDay[] = {
    {"n", "1, 2, 3"},
    {"day", "\"Wed 25 Nov 2026\""},
};
constexpr Variable kMark[] = {{"mark", "a word for staff: \"too large, see mailbox\""}};

constexpr Variable kAcknowledgment[] = {
    {"case", "id of the case"},
    {"address", "our address"},
    {"due", "\"the end of Wed 25 Nov 2026 (UTC)\": when a person has answered"},
    {"days", "the business days counted for it", Kind::list, kDay},
    {"vulnerability", "it is the report of a vulnerability", Kind::flag},
    {"triage_due", "of a vulnerability: when its severity is settled"},
    {"triage_days", "the business days counted for that", Kind::list, kDay},
    {"missing", "something is missing in the report", Kind::flag},
    {"missing_what", "it does not say what was seen", Kind::flag},
    {"missing_when", "it names no time", Kind::flag},
    {"missing_service", "it names no service", Kind::flag},
};

constexpr Variable kNotice[] = {
    {"case", "id of the case"},
    {"urgent", "it says SECURITY URGENT, or is encrypted", Kind::flag},
    {"again", "the reporter wrote again", Kind::flag},
    {"kind", "symptom or vulnerability"},
    {"from", "the reporter's address; empty: nobody can be answered"},
    {"from_name", "the name that stands beside it"},
    {"verified", "our mail server found dmarc=pass", Kind::flag},
    {"subject", "their subject, cleaned and cut"},
    {"received", "\"Tue 24 Nov 2026, 10:00 UTC\""},
    {"services", "names of the services they name"},
    {"due", "\"the end of Fri 27 Nov 2026 (UTC)\""},
    {"triage_due", "of a vulnerability"},
    {"marks", "what staff should know", Kind::list, kMark},
    {"words", "what they wrote as quoted lines, cleaned and cut"},
    {"encrypted", "it is encrypted", Kind::flag},
    {"attachments", "how many; empty: none"},
};

constexpr Variable kLetter[] = {
    {"case", "id of the case"},
    {"subject", "their subject, cleaned and cut"},
    {"words", "what the member of staff wrote"},
    {"incident", "of tracking: id of the incident; may be empty"},
    {"url", "of post-mortem: its address"},
};

constexpr Variable kPromise[] = {
    {"case", "id of the case"},
    {"late", "its due time has passed; else one business day is left", Kind::flag},
    {"answer", "the promise is the answer", Kind::flag},
    {"kind", "response or triage"},
    {"due", "\"the end of Fri 27 Nov 2026 (UTC)\""},
    {"left", "\"1 business day 16 h left\""},
    {"from", "the reporter's address; empty: nobody can be answered"},
    {"subject", "their subject, cleaned and cut"},
    {"received", "\"Tue 24 Nov 2026, 10:00 UTC\""},
    {"assignee", "whose it is; empty: nobody's"},
};

constexpr Variable kQuarantine[] = {
    {"mail", "\"INBOX/7/12\": folder, UIDVALIDITY and UID"},
    {"late", "its due time has passed", Kind::flag},
    {"due", "\"the end of Fri 27 Nov 2026 (UTC)\""},
    {"received", "\"Tue 24 Nov 2026, 10:00 UTC\""},
};

constexpr Variable kLine[] = {{"line", "a case, the time left, its assignee and subject"}};

constexpr Variable kMorning[] = {
    {"day", "\"Wed 25 Nov 2026\""},
    {"late_count", "how many; empty: none (so all that follow)"},
    {"today_count", "due by the end of today"},
    {"open_count", "the other open ones"},
    {"look_count", "doubtful mail"},
    {"silent_count", "not acknowledged: the budget was spent"},
    {"late", "these cases", Kind::list, kLine},
    {"today", "these cases", Kind::list, kLine},
    {"open", "these cases", Kind::list, kLine},
    {"looks", "these cases", Kind::list, kLine},
    {"silent", "these cases", Kind::list, kLine},
    {"quarantined", "mails the server did not give whole"},
    {"failed", "mails of ours given up since the last business day"},
    {"uncertain", "mails of ours that may not have arrived"},
};

constexpr render::MailTemplateInfo kTable[] = {
    {"acknowledgment", "to the reporter, by itself; may hold no word of the report",
     kAcknowledgment},
    {"case-notice", "to each member of staff: a new case, or its reporter wrote again", kNotice},
    {"promise-notice", "to each member of staff: one business day is left, or it is late",
     kPromise},
    {"quarantine-notice", "to each member of staff: the mailbox does not hand over a mail",
     kQuarantine},
    {"morning-list", "to each member of staff on business days: what waits", kMorning},
    {"backlog-notice", "to each member of staff: mails of more than a day ago became cases", {}},
    {"answer-tracking", "to the reporter: we are tracking it", kLetter},
    {"answer-post-mortem", "to the reporter: there is a post-mortem", kLetter},
    {"answer-explained", "to the reporter: why it is not what it looked like", kLetter},
    {"answer-bounty", "to the reporter: how the bug bounty track goes on", kLetter},
    {"reply", "to the reporter: words without an outcome", kLetter},
};

}  // namespace

std::span<const render::MailTemplateInfo> letter_table() { return kTable; }

Result<Letters> Letters::load(const std::string& folder) {
  Letters letters;
  for (const render::MailTemplateInfo& info : kTable) {
    Result<render::MailTemplate> loaded = render::load_mail_template(folder, info);
    if (!loaded) return loaded.error();
    letters.templates_.emplace(info.name, *std::move(loaded));
  }
  return letters;
}

Result<render::MailText> Letters::write(std::string_view name, const render::Values& values) const {
  const auto found = templates_.find(name);
  assert(found != templates_.end());
  return found->second.render(values);
}

}  // namespace trust::intake
