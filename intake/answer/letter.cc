#include "intake/answer/letter.h"

#include "intake/answer/stationery.h"
#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

constexpr std::size_t kSubjectBytes = 150;

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

}  // namespace

Result<Outgoing> compose_letter(const LetterFacts& facts, const Identity& identity,
                                const Keyring& keyring, const Letters& letters, UtcTime now) {
  const Case& c = facts.c;
  if (c.reporter_address.empty())
    return Error{Fault::invalid, c.id + " has no address that can be answered"};
  const std::string words = body_words(facts.words);
  const bool needs_words = facts.outcome == Outcome::explained || facts.outcome == Outcome::reply;
  if (words.empty() && needs_words)
    return Error{Fault::invalid, "the text is empty; write it on standard input"};

  const Result<render::MailText> text =
      letters.write(template_for(facts.outcome),
                    {{"case", c.id},
                     {"subject", one_line(without_re(trim(c.subject)), kSubjectBytes)},
                     {"words", words},
                     {"incident", facts.incident},
                     {"url", facts.url}});
  if (!text) return text.error();

  mail::Draft draft =
      draft_about(c.id, c.reporter_address, facts.in_reply_to, identity, keyring, now);
  draft.subject = text->subject;
  draft.text = text->text;
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error().within("letter");
  const std::string sender =
      identity.signed_envelope ? signed_address(c.id, identity, keyring) : std::string{};
  return Outgoing{sender.empty() ? identity.address : sender, c.reporter_address,
                  *std::move(message), draft.message_id};
}

}  // namespace trust::intake
