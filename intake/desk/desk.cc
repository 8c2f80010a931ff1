#include "intake/desk/desk.h"

#include <nlohmann/json.hpp>

#include "intake/case/mail_store.h"
#include "intake/case/promise.h"
#include "intake/desk/case_view.h"
#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/cage/json.h"

namespace trust::intake {

namespace {

constexpr std::chrono::hours kUsuallyFiledWithin{1};

Result<MailView> view_of(const StoredMail& stored) {
  MailView view{stored, {}};
  if (stored.parsed.empty()) return view;
  const auto object = nlohmann::json::parse(stored.parsed, nullptr, /*allow_exceptions=*/false);
  Result<mail::ParsedMail> parsed = cage::from_json(object);
  if (!parsed) return parsed.error().within("mail " + stored.id);
  view.parsed = *std::move(parsed);
  return view;
}

}  // namespace

std::string case_name(std::string_view typed) {
  std::string name;
  for (const char c : trim(typed)) name += upper(c);
  return name.starts_with("TM-") ? name : "TM-" + name;
}

Result<config::Person> Desk::staff_member(std::string_view address) const {
  const std::string wanted = to_lower(trim(address));
  for (const config::Person& member : settings_.staff)
    if (member.address == wanted) return member;
  return Error{Fault::denied, "that address is not in `staff` of the configuration"};
}

Result<std::vector<QueuedCase>> Desk::list(CaseFilter filter) {
  filter.now = t_.clock.now();
  return CaseStore{t_.connection}.list(filter);
}

Result<CaseView> Desk::show(const std::string& typed_id) {
  CaseStore cases{t_.connection};
  const std::string id = case_name(typed_id);
  Result<Case> found = cases.find(id);
  if (!found) return found.error();
  CaseView view;
  view.c = *std::move(found);

  const Result<std::vector<StoredMail>> mails = MailStore{t_.connection}.of_case(id);
  if (!mails) return mails.error();
  for (const StoredMail& stored : *mails) {
    Result<MailView> mail = view_of(stored);
    if (!mail) return mail.error();
    for (const mail::Attachment& attachment : mail->parsed.attachments) {
      const int n = static_cast<int>(view.attachments.size()) + 1;
      view.attachments.push_back({n, stored.id, attachment});
    }
    view.mails.push_back(*std::move(mail));
  }

  const Result<std::vector<Promise>> promises = cases.promises_of(id);
  if (!promises) return promises.error();
  for (const Promise& promise : *promises) {
    Derivation derivation = derivation_of(promise);
    view.promises.push_back({promise, std::move(derivation.due), std::move(derivation.start_by)});
  }
  Result<std::vector<CaseStore::Answer>> answers = cases.answers_of(id);
  if (!answers) return answers.error();
  view.answers = *std::move(answers);
  Result<std::vector<HistoryEntry>> history = HistoryStore{t_.connection}.of_case(id);
  if (!history) return history.error();
  view.history = *std::move(history);
  return view;
}

Result<AttachmentSource> Desk::attachment(const std::string& case_id, int n) {
  const Result<CaseView> view = show(case_id);
  if (!view) return view.error();
  for (const NumberedAttachment& numbered : view->attachments) {
    if (numbered.n != n) continue;
    Result<std::string> raw = MailStore{t_.connection}.raw(numbered.mail_id);
    if (!raw) return raw.error();
    return AttachmentSource{numbered.attachment, *std::move(raw)};
  }
  return Error{Fault::not_found, view->c.id + " has " + std::to_string(view->attachments.size()) +
                                     " attachments; `show " + view->c.id + "` lists them"};
}

Result<std::vector<std::string>> Desk::raw_mails(const std::string& case_id) {
  const std::string id = case_name(case_id);
  const Result<Case> found = CaseStore{t_.connection}.find(id);
  if (!found) return found.error();
  MailStore store{t_.connection};
  const Result<std::vector<StoredMail>> mails = store.of_case(id);
  if (!mails) return mails.error();
  std::vector<std::string> raws;
  for (const StoredMail& mail : *mails) {
    Result<std::string> raw = store.raw(mail.id);
    if (!raw) return raw.error();
    raws.push_back(*std::move(raw));
  }
  return raws;
}

Result<std::vector<DuePromise>> Desk::due(std::chrono::milliseconds span) {
  CaseStore cases{t_.connection};
  const Result<std::vector<Promise>> promises = cases.due(t_.clock.now() + span);
  if (!promises) return promises.error();
  std::vector<DuePromise> due;
  for (const Promise& promise : *promises) {
    if (is_about_quarantine(promise)) {
      Case mail;
      mail.id = promise.case_id;
      mail.subject = "a mail that the mailbox does not hand over; `quarantine list` says more";
      due.push_back({promise, std::move(mail)});
      continue;
    }
    Result<Case> found = cases.find(promise.case_id);
    if (!found) return found.error();
    due.push_back({promise, *std::move(found)});
  }
  return due;
}

Result<DeskCounts> Desk::counts() {
  const Result<CaseStore::Counts> cases = CaseStore{t_.connection}.count(t_.clock.now());
  if (!cases) return cases.error();
  const Result<int> waiting = MailStore{t_.connection}.count_waiting(UtcTime::max());
  if (!waiting) return waiting.error();
  return DeskCounts{*cases, *waiting, cases->not_acknowledged};
}

Result<DeskAudit> Desk::audit() {
  const Result<std::string> chain = HistoryStore{t_.connection}.verify_all();
  if (!chain) return chain.error();
  MailStore mails{t_.connection};
  const Result<int> waiting = mails.count_waiting(t_.clock.now() - kUsuallyFiledWithin);
  if (!waiting) return waiting.error();
  const Result<int> lost = mails.count_without_case();
  if (!lost) return lost.error();
  return DeskAudit{*chain, *waiting, *lost};
}

}  // namespace trust::intake
