#include "intake/answer/acknowledgment.h"

#include <algorithm>

#include "intake/answer/stationery.h"
#include "intake/clock/calendar.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

constexpr std::size_t kLongestText = 4096;

std::vector<render::Values> day_list(const DueTime& due) {
  std::vector<render::Values> days;
  for (const UtcDay day : due.counted)
    days.push_back({{"n", std::to_string(days.size() + 1)}, {"day", to_words(day)}});
  return days;
}

}  // namespace

Result<Outgoing> compose_acknowledgment(const AcknowledgmentFacts& facts, const Identity& identity,
                                        const Keyring& keyring, const Letters& letters,
                                        UtcTime now) {
  const auto lacks = [&](std::string_view what) {
    return std::find(facts.missing.begin(), facts.missing.end(), what) != facts.missing.end();
  };
  const Result<render::MailText> words = letters.write(
      "acknowledgment",
      {{"case", facts.case_id},
       {"address", identity.address},
       {"due", end_of_day_in_words(facts.answer.due)},
       {"days", day_list(facts.answer)},
       {"vulnerability", facts.vulnerability},
       {"triage_due", facts.triage ? end_of_day_in_words(facts.triage->due) : std::string{}},
       {"triage_days", facts.triage ? day_list(*facts.triage) : std::vector<render::Values>{}},
       {"missing", !facts.missing.empty()},
       {"missing_what", lacks("what")},
       {"missing_when", lacks("when")},
       {"missing_service", lacks("service")}});
  if (!words) return words.error();

  mail::Draft draft =
      draft_about(facts.case_id, facts.recipient, facts.in_reply_to, identity, keyring, now);
  draft.subject = words->subject;
  draft.text = cut_utf8(words->text, kLongestText);
  draft.fields = {{"Auto-Submitted", "auto-replied"}, {"X-Auto-Response-Suppress", "All"}};
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error().within("acknowledgment");
  return Outgoing{
      identity.signed_envelope ? signed_address(facts.case_id, identity, keyring) : std::string{},
      facts.recipient, *std::move(message), draft.message_id};
}

}  // namespace trust::intake
