#include <algorithm>
#include <string>

#include "lib/base/text.h"
#include "lib/mail/content_digest.h"
#include "lib/mail/parse.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMaxHeader = 256U << 10U;
constexpr std::size_t kMaxValue = 64U << 10U;

struct Values {
  std::string from, date, message_id, subject;
};

/// The value of the field whose name stands at the start of the line; nullptr: none of ours, or a
/// second one of its name.
std::string* place_for(std::string_view line, Values& values) {
  const std::string_view name = trim(line.substr(0, line.find(':')));
  std::string* const place = equals_ignoring_case(name, "From")         ? &values.from
                             : equals_ignoring_case(name, "Date")       ? &values.date
                             : equals_ignoring_case(name, "Message-ID") ? &values.message_id
                             : equals_ignoring_case(name, "Subject")    ? &values.subject
                                                                        : nullptr;
  return place != nullptr && place->empty() ? place : nullptr;
}

std::string inside_brackets(std::string_view value) {
  const std::size_t open = value.rfind('<');
  if (open != std::string_view::npos) {
    value.remove_prefix(open + 1);
    value = value.substr(0, value.find('>'));
  }
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '<' && c != '"' && c != '(' && c != ',' && c != ':';
  });
  return plain && value.find('@') != std::string_view::npos ? std::string{value} : "";
}

}  // namespace

ParsedMail parse_hardly(std::string_view raw, std::string_view because) {
  Values values;
  std::string* open = nullptr;
  std::size_t at = std::min(raw.find_first_not_of("\r\n"), raw.size());
  while (at < raw.size() && at < kMaxHeader) {
    const std::size_t end = std::min(raw.find_first_of("\r\n", at), raw.size());
    const std::string_view line = raw.substr(at, end - at);
    at = end + (raw.substr(end, 2) == "\r\n" ? 2 : 1);
    if (line.empty()) break;
    const bool goes_on = line.front() == ' ' || line.front() == '\t';
    if (!goes_on) open = place_for(line, values);
    if (open == nullptr) continue;
    const std::string_view piece = goes_on ? line : line.substr(line.find(':') + 1);
    open->append(piece.substr(0, kMaxValue - std::min(kMaxValue, open->size())));
  }
  ParsedMail mail;
  mail.subject = to_clean_utf8(fold_space(values.subject));
  mail.from.address = to_lower(inside_brackets(trim(values.from)));
  mail.message_id = inside_brackets(trim(values.message_id));
  mail.must_not_ack = mail.must_not_ack_apart_from_list = true;
  mail.unparsed = true;
  mail.unparsed_because = because;
  mail.content_sha256 = content_sha256({.from = values.from,
                                        .date = values.date,
                                        .message_id = values.message_id,
                                        .subject = values.subject,
                                        .body = raw.substr(std::min(at, raw.size()))});
  return mail;
}

}  // namespace trust::mail
