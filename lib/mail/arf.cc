#include "lib/mail/arf.h"

#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/mail/transfer.h"

namespace trust::mail {

std::optional<Arf> read_abuse_report(std::string_view raw, const Part& root) {
  if (root.type == "message/feedback-report") {
    const std::string body = decode_transfer(root.body(raw), encoding_of(root.encoding));
    const Header report = Header::read(body);
    Arf arf;
    arf.feedback_type = to_lower(fold_space(decode_text(report.value("Feedback-Type")).text));
    arf.source_ip = fold_space(decode_text(report.value("Source-IP")).text);
    const auto rcpt = parse_address_list(report.value("Original-Rcpt-To"));
    if (!rcpt.empty()) arf.original_rcpt = rcpt.front().address;
    return arf;
  }
  if (root.type.starts_with("message/")) return {};
  for (const Part& part : root.parts)
    if (std::optional<Arf> found = read_abuse_report(raw, part)) return found;
  return {};
}

}  // namespace trust::mail
