#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace trust::config {

/// scheme://user@host:port/path, taken apart. No query, no fragment, never a password.
struct Url {
  std::string text;    ///< as written
  std::string scheme;  ///< lower case
  std::string user;    ///< percent-decoded; "" if none
  std::string host;    ///< lower case, IPv6 without brackets
  int port = 0;        ///< the scheme's own where none is written
  std::string path;    ///< "" or starting with '/'

  bool is_loopback() const;  ///< localhost, 127.0.0.0/8 or ::1
  bool is_encrypted() const { return scheme.ends_with('s'); }
  /// "user@host": what names an account in the store, whatever port leads there.
  std::string account() const { return user + "@" + host; }
};

/// Fault::invalid, saying what to write instead: not one of `schemes`, no host, a password inside,
/// control characters, a port out of range, or http to another machine.
Result<Url> parse_url(std::string_view text, std::initializer_list<std::string_view> schemes);

/// "127.0.0.1:8025" or "[::1]:8025": where a server listens.
struct ListenAddress {
  std::string host;
  int port = 0;
};
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace trust::config
