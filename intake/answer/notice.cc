#include "intake/answer/notice.h"

#include "intake/answer/stationery.h"
#include "intake/case/promise.h"
#include "intake/clock/calendar.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

constexpr std::size_t kSubjectBytes = 120;
constexpr std::size_t kWordsBytes = 3000;
constexpr std::size_t kMostLines = 60;

/// Their words as lines that begin with "> "; the last one has no end.
std::string quoted(std::string_view words) {
  const std::string shown = to_display(cut_utf8(trim(words), kWordsBytes), Newlines::keep);
  std::string out;
  std::size_t count = 0;
  for (const std::string_view line : lines_of(shown)) {
    if (++count > kMostLines) break;
    out += "> " + std::string{line} + "\n";
  }
  if (count > kMostLines || trim(words).size() > kWordsBytes) out += "> [cut]\n";
  if (!out.empty()) out.pop_back();
  return out;
}

std::string due_of(const std::vector<Promise>& promises, std::string_view kind) {
  const Promise* const promise = open_promise(promises, kind);
  return promise == nullptr ? "" : end_of_day_in_words(promise->due);
}

std::vector<render::Values> mark_list(const std::vector<std::string>& marks) {
  std::vector<render::Values> list;
  list.reserve(marks.size());
  for (const std::string& mark : marks) list.push_back({{"mark", mark}});
  return list;
}

}  // namespace

Result<Outgoing> compose_notice(const NoticeFacts& facts, const std::string& recipient,
                                const Identity& identity, const Keyring& keyring,
                                const Letters& letters, UtcTime now) {
  const Case& c = facts.c;
  const Result<render::MailText> text = letters.write(
      "case-notice",
      {{"case", c.id},
       {"urgent", c.urgent},
       {"again", c.notice_mail != c.first_mail},
       {"kind", c.kind},
       {"from", c.reporter_address},
       {"from_name", one_line(c.reporter_name, kSubjectBytes)},
       {"verified", c.dmarc == "pass"},
       {"subject", one_line(c.subject, kSubjectBytes)},
       {"received", moment_in_words(facts.received)},
       {"services", join(facts.services, ", ")},
       {"due", due_of(facts.promises, "response")},
       {"triage_due", due_of(facts.promises, "triage")},
       {"marks", mark_list(c.marks)},
       {"words", quoted(facts.words)},
       {"encrypted", c.encrypted},
       {"attachments", facts.attachments > 0 ? std::to_string(facts.attachments) : ""}});
  if (!text) return text.error();

  mail::Draft draft = draft_about(c.id, recipient, "", identity, keyring, now);
  draft.subject = one_line(text->subject, 2 * kSubjectBytes);
  draft.text = text->text;
  draft.fields = {{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"}};
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error().within("notice");
  return Outgoing{identity.address, recipient, *std::move(message), draft.message_id};
}

}  // namespace trust::intake
