#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/net/interrupt.h"

namespace trust::net {

struct FetchLimits {
  std::size_t max_bytes = 4U << 20U;
  std::chrono::milliseconds timeout{20'000};
  std::string ca_file;                   ///< empty: the system's
  std::string etag;                      ///< of the copy we hold: unchanged since is a 304
  const Interrupt* interrupt = nullptr;  ///< outlives the call; null: nothing ends it
};

/// What a server answered. A redirect, 404 or 503 is an answer, not an error.
struct HttpAnswer {
  int code = 0;
  std::string content_type;  ///< as sent, "" if none
  std::string body;
  std::string etag{};  ///< "" if none, or over 200 bytes
};

/// "https://host:port" of an http or https URL, host in lower case, the port always there; "" for
/// anything else, and for a URL that holds a user or password.
std::string origin_of(std::string_view url);

/// One GET. Redirects are not followed, cookies and proxies do not exist, nothing is decompressed.
/// `url` must have the origin of one of `configured` (whole URLs or origins, as a person wrote them
/// in the configuration). Private, loopback and link-local addresses are reached only when the URL
/// names one literally, or "localhost"; what counts is the address that is connected to. http:// is
/// for loopback addresses only.
///   invalid      no http(s) URL, a foreign origin, clear text to another machine, a private one
///   unavailable  unreachable, too slow, hung up, longer than max_bytes, or certificate not good
Result<HttpAnswer> http_get(const std::string& url, std::span<const std::string> configured,
                            const FetchLimits& limits = {});

}  // namespace trust::net
