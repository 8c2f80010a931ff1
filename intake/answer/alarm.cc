#include "intake/answer/alarm.h"

#include "intake/answer/stationery.h"
#include "intake/clock/calendar.h"
#include "lib/base/id.h"
#include "lib/mail/address.h"

namespace trust::intake {

namespace {

constexpr std::size_t kSubjectBytes = 120;
constexpr std::size_t kMostLines = 50;

Result<Outgoing> to_staff(mail::Draft draft, const Result<render::MailText>& text,
                          const std::string& recipient, const Identity& identity) {
  if (!text) return text.error();
  draft.subject = one_line(text->subject, 2 * kSubjectBytes);
  draft.text = text->text;
  draft.fields = {{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"}};
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error().within("notice");
  return Outgoing{identity.address, recipient, *std::move(message), draft.message_id};
}

/// About no case in particular.
mail::Draft plain_draft(const std::string& recipient, const Identity& identity, UtcTime now) {
  mail::Draft draft;
  draft.from = {identity.name, identity.address};
  draft.to = {{"", recipient}};
  draft.date = now;
  draft.message_id = random_id() + "@" + std::string{mail::domain_of(identity.address)};
  return draft;
}

std::vector<render::Values> lines(const std::vector<MorningLine>& cases) {
  std::vector<render::Values> list;
  for (const MorningLine& line : cases) {
    if (list.size() == kMostLines) {
      const std::string more = std::to_string(cases.size() - kMostLines);
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

Result<Outgoing> compose_alarm(const AlarmFacts& facts, const std::string& recipient,
                               const Identity& identity, const Keyring& keyring,
                               const Letters& letters, UtcTime now) {
  const Case& c = facts.c;
  if (is_about_quarantine(facts.promise))
    return to_staff(
        plain_draft(recipient, identity, now),
        letters.write("quarantine-notice", {{"mail", c.id},
                                            {"late", facts.late},
                                            {"due", end_of_day_in_words(facts.promise.due)},
                                            {"received", moment_in_words(c.received)}}),
        recipient, identity);
  return to_staff(draft_about(c.id, recipient, "", identity, keyring, now),
                  letters.write("promise-notice", {{"case", c.id},
                                                   {"late", facts.late},
                                                   {"answer", facts.promise.kind == "response"},
                                                   {"kind", facts.promise.kind},
                                                   {"due", end_of_day_in_words(facts.promise.due)},
                                                   {"left", facts.left},
                                                   {"from", c.reporter_address},
                                                   {"subject", one_line(c.subject, kSubjectBytes)},
                                                   {"received", moment_in_words(c.received)},
                                                   {"assignee", c.assignee}}),
                  recipient, identity);
}

Result<Outgoing> compose_morning(const MorningFacts& facts, const std::string& recipient,
                                 const Identity& identity, const Letters& letters, UtcTime now) {
  const std::string day = to_words(std::chrono::floor<std::chrono::days>(now));
  return to_staff(
      plain_draft(recipient, identity, now),
      letters.write("morning-list", {{"day", day},
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
      recipient, identity);
}

Result<Outgoing> compose_backlog(const std::string& recipient, const Identity& identity,
                                 const Letters& letters, UtcTime now) {
  return to_staff(plain_draft(recipient, identity, now), letters.write("backlog-notice", {}),
                  recipient, identity);
}

}  // namespace trust::intake
