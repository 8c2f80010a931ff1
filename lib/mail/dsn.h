#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "lib/mail/header.h"
#include "lib/mail/message.h"
#include "lib/mail/split.h"

namespace trust::mail {

/// A report that a mail was not delivered, or not yet.
struct DeliveryReport {
  bool is_bounce = false;
  std::vector<Bounce> bounces;  ///< failed and delayed recipients; not the relayed or delivered
};

/// RFC 3464 and 6533 reports, one Bounce per recipient block; without one, the plain letters of
/// Postfix, Exim, qmail, Sendmail and Exchange, believed only from a mailer-daemon or a null path.
/// Receipts, relayed or delivered reports and abuse reports are none.
DeliveryReport read_delivery_report(std::string_view raw, const Part& root, const Header& header,
                                    std::string_view subject, std::string_view text,
                                    std::string_view from_address);

/// Sorts a recipient's failure by its RFC 3463 status ("" = none) and the words beside it.
/// `hard`: 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10, 5.2.1, or the same said in words.
Bounce judge_failure(std::string_view status, std::string_view words);

/// The message/feedback-report part of an abuse report (RFC 5965), if there is one.
std::optional<Arf> read_abuse_report(std::string_view raw, const Part& root);

}  // namespace trust::mail
