#pragma once

#include <string>

#include "intake/case/case.h"
#include "intake/flow/mail_arrived.h"
#include "intake/report/understand.h"
#include "lib/mail/message.h"

namespace trust::intake {

/// A parsed mail out of the store, with what it means to us.
struct ReadMail {
  StoredMail stored;
  mail::ParsedMail parsed;
  Understood understood;
};
Result<ReadMail> read_mail(store::Connection& connection, const std::string& mail_id,
                           const FlowSettings& settings, const ServiceBook& services);

/// stored -> parsed. True: done now; false: it was parsed before.
Result<bool> parse_stored(const FlowTools& tools, const FlowSettings& settings,
                          const ParseMail& parse, const std::string& mail_id);

/// Whether an address is ours: our own, or a signed one of ours.
bool is_our_address(const std::string& address, const Identity& identity);

}  // namespace trust::intake
