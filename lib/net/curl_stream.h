#pragma once

#include <memory>

#include "lib/net/stream.h"

namespace trust::net {

/// Streams by libcurl's CURLOPT_CONNECT_ONLY: it connects, does TLS and logs in; every byte after
/// that is ours. Any thread; each stream belongs to one.
///
/// imaps:// and smtps:// are TLS from the first byte. imap:// and smtp:// use STARTTLS and refuse a
/// server that does not offer it, except to a host written as a loopback address or "localhost" for
/// which no `ca_file` is set: that is clear text, and it is given up if the name leads elsewhere.
/// TLS is 1.2 or later, the certificate's chain and name are always checked; with `ca_file` only
/// that file is believed, not the system's.
/// With a secret, a session in which the server did not take it is an error, never an
/// anonymous one. The secret goes by PLAIN or LOGIN, a token by XOAUTH2 or OAUTHBEARER.
/// Bytes that came together with the login's last reply are lost: ask CAPABILITY or EHLO anew.
class CurlConnector final : public Connector {
 public:
  CurlConnector();
  Result<std::unique_ptr<Stream>> connect(const Endpoint& endpoint) override;
};

}  // namespace trust::net
