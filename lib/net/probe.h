#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"
#include "lib/net/stream.h"

namespace trust::net {

/// For `doctor`: looks that a person asked for, to be shown on a terminal.

/// Every address of a host name, as text. Waits as long as the system's resolver does.
/// Fault::not_found: no such name. Fault::unavailable: the name servers did not answer.
Result<std::vector<std::string>> resolve(const std::string& host);

/// When the certificate that the server shows ends. Connects with TLS (STARTTLS for imap://,
/// smtp://) and verifies, does not log in; also https://. Faults as Connector::connect;
/// Fault::not_found: the connection has no TLS.
Result<UtcTime> certificate_end(const Endpoint& endpoint);

}  // namespace trust::net
