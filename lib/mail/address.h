#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/mail/message.h"

namespace trust::mail {

/// Every mailbox of an address field's raw value (RFC 5322 3.4 with the obsolete forms), groups
/// expanded, names decoded, addresses lower-cased. What is no address is skipped; an empty result
/// is not an error. At most 1,000 are returned.
std::vector<Address> parse_address_list(std::string_view raw_value);

/// The one way an address gets into an envelope, an acknowledgment or the subscriber list: a single
/// addr-spec, nothing around it. Lower-cased local part, domain as A-labels (one IDNA pass).
/// Fault::invalid: quoted local parts, comments, source routes, control characters, CR, LF,
/// encoded words, address literals, a domain without a dot (except "localhost"), a local part over
/// 64 octets or the whole over 254, anything not US-ASCII in the local part.
Result<std::string> strict_address(std::string_view text);

/// The domain part; "" if there is no @.
std::string_view domain_of(std::string_view address);

}  // namespace trust::mail
