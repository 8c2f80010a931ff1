#include "intake/answer/stationery.h"

#include <algorithm>

#include "intake/case/case_id.h"
#include "lib/base/ascii.h"
#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"

namespace trust::intake {

namespace {

constexpr std::size_t kLongestLocalPart = 64;  // RFC 5321 4.5.3.1.1
constexpr std::size_t kLongestMessageId = 250;

std::string two_digits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

}  // namespace

std::string signed_address(std::string_view case_id, const Identity& identity,
                           const Keyring& keyring) {
  const std::string address =
      tokened_address(address_pattern(identity.address), case_token(keyring, case_id));
  return address.find('@') <= kLongestLocalPart ? address : std::string{};
}

mail::Draft plain_draft(const std::string& recipient, const Pen& pen) {
  mail::Draft draft;
  draft.from = {pen.identity.name, pen.identity.address};
  draft.to = {{"", recipient}};
  draft.date = pen.now;
  draft.message_id = random_id() + "@" + std::string{mail::domain_of(pen.identity.address)};
  return draft;
}

mail::Draft draft_about(std::string_view case_id, const std::string& recipient,
                        std::string_view in_reply_to, const Pen& pen) {
  const Identity& identity = pen.identity;
  const std::string domain{mail::domain_of(identity.address)};
  mail::Draft draft = plain_draft(recipient, pen);
  if (identity.reply_to) {
    const std::string token = case_token(pen.keyring, case_id);
    draft.reply_to = {{identity.name, tokened_address(*identity.reply_to, token)}};
  }
  draft.message_id = new_message_id(pen.keyring, case_id, domain);
  draft.references = {thread_reference(pen.keyring, case_id, domain)};
  if (is_plain_message_id(in_reply_to)) {
    draft.in_reply_to = in_reply_to;
    draft.references.emplace_back(in_reply_to);
  }
  return draft;
}

std::string moment_in_words(UtcTime at) {
  const UtcDay day = std::chrono::floor<std::chrono::days>(at);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(at - day).count();
  return to_words(day) + ", " + two_digits(minutes / 60) + ":" + two_digits(minutes % 60) + " UTC";
}

std::string one_line(std::string_view text, std::size_t max_bytes) {
  std::string shown = fold_space(to_display(text, Newlines::to_space));
  if (shown.size() <= max_bytes) return shown;
  return std::string{cut_utf8(shown, max_bytes)} + "…";
}

bool is_plain_message_id(std::string_view id) {
  return id.size() >= 3 && id.size() <= kLongestMessageId &&
         std::count(id.begin(), id.end(), '@') == 1 && all_of(id, is_visible) &&
         id.find_first_of("<>") == std::string_view::npos;
}

}  // namespace trust::intake
