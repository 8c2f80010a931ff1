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

constexpr render::MailTemplateInfo kTable[] = {
    {"acknowledgment", "to the reporter, by itself; may hold no word of the report",
     kAcknowledgment},
    {"case-notice", "to each member of staff: a new case, or its reporter wrote again", kNotice},
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
