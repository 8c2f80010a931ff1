#include "lib/mail/arf.h"

#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/mail/transfer.h"

namespace trust::mail {

std::optional<Arf> read_abuse_report(std::string_view raw, const Part& root) {
  const Part* part =
      find_part(root, [](const Part& p) { return p.type == "message/feedback-report"; });
  if (part == nullptr) return {};
  const std::string body = decode_transfer(part->body(raw), encoding_of(part->encoding));
  const Header report = Header::read(body);
  Arf arf;
  arf.feedback_type = to_lower(decode_text(report.value("Feedback-Type")).text);
  arf.source_ip = decode_text(report.value("Source-IP")).text;
  const auto rcpt = parse_address_list(report.value("Original-Rcpt-To"));
  if (!rcpt.empty()) arf.original_rcpt = rcpt.front().address;
  return arf;
}

}  // namespace trust::mail
