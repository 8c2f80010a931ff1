#pragma once

#include <optional>
#include <string_view>

#include "lib/mail/message.h"
#include "lib/mail/split.h"

namespace trust::mail {

/// The message/feedback-report part of an abuse report (RFC 5965), if there is one.
std::optional<Arf> read_abuse_report(std::string_view raw, const Part& root);

}  // namespace trust::mail
