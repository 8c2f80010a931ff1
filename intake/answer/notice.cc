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
constexpr std::size_t kMostCases = 50;

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

Result<Outgoing> to_staff(mail::Draft draft, const Result<render::MailText>& text, const Pen& pen) {
  if (!text) return text.error();
  draft.subject = one_line(text->subject, 2 * kSubjectBytes);
  draft.text = text->text;
  draft.fields = {{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"}};
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error().within("notice");
  return Outgoing{pen.identity.address, draft.to.front().address, *std::move(message),
                  draft.message_id};
}

std::vector<render::Values> lines(const std::vector<MorningLine>& cases) {
  std::vector<render::Values> list;
  for (const MorningLine& line : cases) {
    if (list.size() == kMostCases) {
      const std::string more = std::to_string(cases.size() - kMostCases);
      list.push_back({{"line", "and " + more + " more: trust-intake list --state all"}});
      break;
    }
    std::string text = line.case_id;
    if (!line.left.empty()) text += "  " + line.left;
    if (!line.assignee.empty()) text += "  (" + one_line(line.assignee, kSubjectBytes) + ")";
    list.push_back({{"line", text + "  " + one_line(line.subject, kSubjectBytes)}});
  }
  return list;
}

std::string some(std::size_t count) { return count == 0 ? "" : std::to_string(count); }
std::string some(int count) { return some(static_cast<std::size_t>(count)); }

}  // namespace

Result<Outgoing> compose_notice(const NoticeFacts& facts, const std::string& recipient,
                                const Pen& pen) {
  const Case& c = facts.c;
  const Result<render::MailText> text = pen.letters.write(
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
  return to_staff(draft_about(c.id, recipient, "", pen), text, pen);
}

Result<Outgoing> compose_alarm(const AlarmFacts& facts, const std::string& recipient,
                               const Pen& pen) {
  const Case& c = facts.c;
  if (is_about_quarantine(facts.promise))
    return to_staff(
        plain_draft(recipient, pen),
        pen.letters.write("quarantine-notice", {{"mail", c.id},
                                                {"late", facts.late},
                                                {"due", end_of_day_in_words(facts.promise.due)},
                                                {"received", moment_in_words(c.received)}}),
        pen);
  return to_staff(
      draft_about(c.id, recipient, "", pen),
      pen.letters.write("promise-notice", {{"case", c.id},
                                           {"late", facts.late},
                                           {"answer", facts.promise.kind == "response"},
                                           {"kind", facts.promise.kind},
                                           {"due", end_of_day_in_words(facts.promise.due)},
                                           {"left", facts.left},
                                           {"from", c.reporter_address},
                                           {"subject", one_line(c.subject, kSubjectBytes)},
                                           {"received", moment_in_words(c.received)},
                                           {"assignee", c.assignee}}),
      pen);
}

Result<Outgoing> compose_morning(const MorningFacts& facts, const std::string& recipient,
                                 const Pen& pen) {
  const std::string day = to_words(std::chrono::floor<std::chrono::days>(pen.now));
  return to_staff(
      plain_draft(recipient, pen),
      pen.letters.write("morning-list", {{"day", day},
                                         {"late_count", some(facts.late.size())},
                                         {"today_count", some(facts.today.size())},
                                         {"open_count", some(facts.open.size())},
                                         {"look_count", some(facts.looks.size())},
                                         {"silent_count", some(facts.not_acknowledged.size())},
                                         {"late", lines(facts.late)},
                                         {"today", lines(facts.today)},
                                         {"open", lines(facts.open)},
                                         {"looks", lines(facts.looks)},
                                         {"silent", lines(facts.not_acknowledged)},
                                         {"quarantined", some(facts.quarantined)},
                                         {"failed", some(facts.failed)},
                                         {"uncertain", some(facts.uncertain)}}),
      pen);
}

Result<Outgoing> compose_backlog(const std::string& recipient, const Pen& pen) {
  return to_staff(plain_draft(recipient, pen), pen.letters.write("backlog-notice", {}), pen);
}

}  // namespace trust::intake
