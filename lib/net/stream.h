#pragma once

/// lib/net: bytes to and from a server, and nothing about mail.
///   stream.h       the interface that IMAP and SMTP speak over
///   interrupt.*    ends the waits from another thread
///   curl_stream.*  TCP, TLS and login by libcurl (CURLOPT_CONNECT_ONLY); the conversation is ours
///   http_fetch.*   one GET with limits
///   probe.*        what `doctor` looks at
///   curl_handle.*  what these have in common; libcurl is seen nowhere else

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/net/interrupt.h"

namespace trust::net {

/// A connected, logged-in, byte-wise conversation. One thread at a time.
/// Every call ends by its deadline, and soon after its endpoint's interrupt fires. After any
/// failure the stream is only good for destruction, but a receive whose time ran out may be
/// repeated.
class Stream {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  virtual ~Stream() = default;

  /// At least one and at most `max_bytes` bytes. "" means that the peer has closed its side.
  /// Fault::unavailable: time is over, the connection broke, or we were interrupted.
  virtual Result<std::string> receive(std::size_t max_bytes, Deadline deadline) = 0;

  /// All of `bytes`, or a failure after which any part of them may have arrived.
  virtual Status send(std::string_view bytes, Deadline deadline) = 0;

  /// Whether bytes can be had without waiting (also TLS bytes already decrypted).
  virtual bool has_input() = 0;
};

/// What a machine without a public name calls itself in EHLO (RFC 5321 4.1.4).
inline constexpr std::string_view kUnnamedHost = "[127.0.0.1]";

/// How to reach and log in to a server.
struct Endpoint {
  std::string url;       ///< imaps://user@host:port, smtps://…, or imap://, smtp:// with STARTTLS
  std::string password;  ///< empty: no login (loopback relays only)
  std::string access_token;                   ///< OAuth2 bearer; takes the place of the password
  std::string ca_file;                        ///< empty: the system's
  std::string ehlo_name;                      ///< SMTP only
  std::chrono::milliseconds timeout{25'000};  ///< for connecting, TLS and login together
  const Interrupt* interrupt = nullptr;       ///< outlives the stream; null: nothing ends a wait
};

/// Where mail sessions get their streams; a test hands in scripted ones.
class Connector {
 public:
  virtual ~Connector() = default;
  /// A stream that is connected, TLS-verified and logged in.
  ///   denied       login refused: the same secret is refused again
  ///   invalid      the URL is wrong, or asks for clear text to another machine
  ///   unavailable  unreachable, too slow, hung up, certificate not good, no TLS or login offered
  virtual Result<std::unique_ptr<Stream>> connect(const Endpoint& endpoint) = 0;
};

}  // namespace trust::net
