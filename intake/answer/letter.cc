#include "intake/answer/letter.h"

#include <algorithm>

#include "intake/answer/stationery.h"
#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kSubjectBytes = 150;

std::vector<render::Values> day_list(const DueTime& due) {
  std::vector<render::Values> days;
  for (const UtcDay day : due.counted)
    days.push_back({{"n", std::to_string(days.size() + 1)}, {"day", to_words(day)}});
  return days;
}

/// Typed words as they may stand in a body: valid UTF-8, lines ended by LF, no other control
/// characters than tabs.
std::string body_words(std::string_view words) {
  std::string out;
  const std::string clean = to_clean_utf8(words);
  for (const std::string_view line : lines_of(trim(clean))) {
    for (const char c : line)
      if (c == '\t' || !is_control(c)) out += c;
    out += '\n';
  }
  return std::string{trim(out)};
}

std::string_view without_re(std::string_view subject) {
  while (starts_with_ignoring_case(subject, "re:")) subject = trim(subject.substr(3));
  return subject;
}

std::string_view template_for(Outcome outcome) {
  switch (outcome) {
    case Outcome::tracking: return "answer-tracking";
    case Outcome::post_mortem: return "answer-post-mortem";
    case Outcome::explained: return "answer-explained";
    case Outcome::bounty: return "answer-bounty";
    case Outcome::reply: return "reply";
  }
  return "reply";
}

/// The signed address that bounces come back to; "": there is none.
std::string bounce_address(std::string_view case_id, const Pen& pen) {
  return pen.identity.signed_envelope ? signed_address(case_id, pen.identity, pen.keyring) : "";
}

}  // namespace

Result<Outgoing> compose_acknowledgment(const AcknowledgmentFacts& facts, const Pen& pen) {
  const auto lacks = [&](std::string_view what) {
    return std::find(facts.missing.begin(), facts.missing.end(), what) != facts.missing.end();
  };
  const Result<render::MailText> words = pen.letters.write(
      "acknowledgment",
      {{"case", facts.case_id},
       {"address", pen.identity.address},
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

  mail::Draft draft = draft_about(facts.case_id, facts.recipient, facts.in_reply_to, pen);
  draft.subject = words->subject;
  draft.text = cut_utf8(words->text, kLongestText);
  draft.fields = {{"Auto-Submitted", "auto-replied"}, {"X-Auto-Response-Suppress", "All"}};
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error().within("acknowledgment");
  return Outgoing{bounce_address(facts.case_id, pen), facts.recipient, *std::move(message),
                  draft.message_id};
}

Result<Outgoing> compose_letter(const LetterFacts& facts, const Pen& pen) {
  const Case& c = facts.c;
  if (c.reporter_address.empty())
    return Error{Fault::invalid, c.id + " has no address that can be answered"};
  const std::string words = body_words(facts.words);
  const bool needs_words = facts.outcome == Outcome::explained || facts.outcome == Outcome::reply;
  if (words.empty() && needs_words)
    return Error{Fault::invalid, "the text is empty; write it on standard input"};

  const Result<render::MailText> text =
      pen.letters.write(template_for(facts.outcome),
                        {{"case", c.id},
                         {"subject", one_line(without_re(trim(c.subject)), kSubjectBytes)},
                         {"words", words},
                         {"incident", facts.incident},
                         {"url", facts.url}});
  if (!text) return text.error();

  mail::Draft draft = draft_about(c.id, c.reporter_address, facts.in_reply_to, pen);
  draft.subject = text->subject;
  draft.text = text->text;
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error().within("letter");
  const std::string sender = bounce_address(c.id, pen);
  return Outgoing{sender.empty() ? pen.identity.address : sender, c.reporter_address,
                  *std::move(message), draft.message_id};
}

}  // namespace trust::intake
