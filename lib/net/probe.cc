#include "lib/net/probe.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "lib/base/text.h"
#include "lib/net/curl_handle.h"

namespace trust::net {

namespace {

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

/// "Expire date:Dec  4 10:20:30 2026 GMT" of the first certificate, the server's own.
Result<UtcTime> end_of(CURL* handle) {
  const Error none{Fault::not_found, "the connection shows no certificate"};
  curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
      chain->num_of_certs < 1)
    return none;
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    constexpr std::string_view kName = "Expire date:";
    const std::string_view text{line->data};
    if (!text.starts_with(kName)) continue;
    const std::string date{trim(text.substr(kName.size()))};
    const std::time_t ends = curl_getdate(date.c_str(), nullptr);
    if (ends > 0) return from_epoch_ms(std::int64_t{ends} * 1000);
  }
  return none;
}

}  // namespace

Result<std::vector<std::string>> resolve(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (code == EAI_NONAME || code == EAI_NODATA)
    return Error{Fault::not_found, host + ": no such host name"};
  if (code != 0)
    return Error{Fault::unavailable,
                 host + ": the name servers do not answer; check this machine's DNS"};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, ::freeaddrinfo};
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0,
                      NI_NUMERICHOST) == 0 &&
        std::find(addresses.begin(), addresses.end(), text) == addresses.end())
      addresses.emplace_back(text);
  }
  return addresses;
}

Result<UtcTime> certificate_end(const Endpoint& endpoint) {
  const Result<Url> url = parse_url(endpoint.url);
  if (!url) return url.error();
  if (is_clear_text(*url, endpoint) || url->scheme == "http")
    return Error{Fault::not_found, url->place() + ": there is no certificate in clear text"};
  CurlHandle handle;
  const std::string address = url->place() + "/";
  handle.set(CURLOPT_URL, address.c_str());
  handle.set(CURLOPT_PROTOCOLS_STR, "imap,imaps,smtp,smtps,https");
  handle.set(CURLOPT_CONNECT_ONLY, 1L);
  handle.set(CURLOPT_CERTINFO, 1L);
  handle.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  handle.set(CURLOPT_TIMEOUT_MS, static_cast<long>(endpoint.timeout.count()));
  handle.set(CURLOPT_HEADERFUNCTION, &ignore);
  if (const Status given = handle.set_ca_file(endpoint.ca_file); !given) return given.error();
  if (const Status done = handle.perform(url->place()); !done) return done.error();
  return end_of(handle.get());
}

}  // namespace trust::net
