#pragma once

#include <memory>

#include "lib/config/groups.h"
#include "lib/mail/transport.h"
#include "lib/net/stream.h"
#include "lib/outbox/worker.h"

namespace trust::program {

/// Where a server is and how to log in, the secret read now. `prefix` is the group's key, "imap".
Result<net::Endpoint> endpoint_of(std::string_view prefix, const config::ImapSettings& imap);
Result<net::Endpoint> endpoint_of(std::string_view prefix, const config::SmtpSettings& smtp);

/// How the outbox sends to this relay.
outbox::WorkerSettings sending_with(const config::SmtpSettings& smtp);
/// A transport to the relay `smtp`, which outlives it; the secret is read at each connection. With
/// `smtp.divert` every mail goes to that one address.
std::unique_ptr<mail::Transport> transport_to(net::Connector& connector,
                                              const config::SmtpSettings& smtp);
/// What the relay itself says now, or else `error`: it says more than a worker's count of failures.
Error explain_relay(net::Connector& connector, const config::SmtpSettings& smtp,
                    const Error& error);

}  // namespace trust::program
