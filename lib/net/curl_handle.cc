#include "lib/net/curl_handle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <mutex>

#include "lib/base/text.h"

namespace trust::net {

namespace {

// libcurl leaves SIGPIPE alone when it is told not to touch signals, and OpenSSL writes with
// write(2): a peer that hangs up would end the program.
void begin_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct sigaction now {};
    if (sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL)
      static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  });
}

/// People write their address as it is, imaps://user@example.org@host: all @ but the last are the
/// user's.
std::string with_user_encoded(std::string text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string::npos) return text;
  const std::size_t end = text.find_first_of("/?#", scheme_end + 3);
  const std::size_t last = text.rfind('@', end);
  if (last == std::string::npos || last < scheme_end) return text;
  const std::string user = text.substr(scheme_end + 3, last - scheme_end - 3);
  return text.replace(scheme_end + 3, user.size(), replace_all(user, "@", "%40"));
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string copy{text};
  curl_free(text);
  return copy;
}

std::uint32_t v4_of(const unsigned char* b) {
  return std::uint32_t{b[0]} << 24U | std::uint32_t{b[1]} << 16U | std::uint32_t{b[2]} << 8U | b[3];
}

bool is_loopback_v4(std::uint32_t a) { return a >> 24U == 127; }

/// Not a machine of the public Internet (RFC 6890 and multicast).
bool is_private_v4(std::uint32_t a) {
  struct Net {
    std::uint32_t address;
    unsigned bits;
  };
  constexpr Net kNets[] = {{0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},
                           {0xA9FE0000, 16}, {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24},
                           {0xC0A80000, 16}, {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24},
                           {0xE0000000, 3}};
  for (const Net& net : kNets)
    if (a >> (32 - net.bits) == net.address >> (32 - net.bits)) return true;
  return false;
}

struct Kind {
  bool loopback = false;
  bool is_private = true;
};

Kind kind_of_v6(const unsigned char* b) {
  constexpr unsigned char kZeros[16] = {};
  constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr unsigned char kNat64[12] = {0, 0x64, 0xFF, 0x9B};
  if (std::memcmp(b, kMapped, 12) == 0)
    return {is_loopback_v4(v4_of(b + 12)), is_private_v4(v4_of(b + 12))};
  if (std::memcmp(b, kNat64, 12) == 0) return {false, is_private_v4(v4_of(b + 12))};
  if (b[0] == 0x20 && b[1] == 0x02) return {false, is_private_v4(v4_of(b + 2))};  // 6to4
  if (std::memcmp(b, kZeros, 15) == 0) return {b[15] == 1, true};                 // :: and ::1
  // Only 2000::/3 is public; of it 2001:0::/23 and 2001:db8::/32 are not.
  const bool public_v6 =
      (b[0] & 0xE0U) == 0x20 &&
      !(b[0] == 0x20 && b[1] == 0x01 && ((b[2] & 0xFEU) == 0 || (b[2] == 0x0D && b[3] == 0xB8)));
  return {false, !public_v6};
}

Kind kind_of(const sockaddr* address, std::size_t length) {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    const std::uint32_t a = ntohl(v4.sin_addr.s_addr);
    return {is_loopback_v4(a), is_private_v4(a)};
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return kind_of_v6(v6.sin6_addr.s6_addr);
  }
  return {};
}

// Numbers of X.509 verification results (OpenSSL's X509_V_…), whose header we need for nothing
// else.
constexpr long kVerified = 0, kNotSet = 1, kNotYetValid = 9, kExpired = 10, kOtherName = 62,
               kOtherAddress = 64;
constexpr long kUnknownIssuer[] = {2, 18, 19, 20, 21};

Error explain_certificate(const std::string& place, long verify_result, bool own_ca) {
  // The server may be put right at any time, and no secret was shown to it.
  const auto untrusted = [&](std::string_view why) {
    return Error{Fault::unavailable, place + ": " + std::string{why}};
  };
  // Not OpenSSL's refusal, so libcurl's, which compares the name itself.
  if (verify_result == kVerified || verify_result == kNotSet || verify_result == kOtherName ||
      verify_result == kOtherAddress)
    return untrusted(
        "the certificate is for another name; write the host as the certificate names it");
  if (verify_result == kExpired)
    return untrusted("the certificate has expired; renew it on the server");
  if (verify_result == kNotYetValid)
    return untrusted("the certificate is not valid yet; check the clocks of both machines");
  if (std::find(std::begin(kUnknownIssuer), std::end(kUnknownIssuer), verify_result) !=
      std::end(kUnknownIssuer))
    return untrusted(
        own_ca
            ? "the certificate was not issued by the authority in ca_file; put the right one there"
            : "the certificate was issued by an authority that is not trusted here; name its "
              "certificate in ca_file");
  return untrusted("the certificate cannot be trusted; look at it with openssl s_client");
}

}  // namespace

Result<Url> parse_url(const std::string& text) {
  begin_once();
  const Error wrong{Fault::invalid, "the url cannot be read; write it like imaps://user@host:993"};
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed{curl_url(), curl_url_cleanup};
  const std::string tidy = with_user_encoded(text);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, tidy.c_str(), 0) != CURLUE_OK ||
      text.find('\0') != std::string::npos)
    return wrong;
  Url url;
  url.scheme = to_lower(part_of(parsed.get(), CURLUPART_SCHEME, 0));
  url.user = part_of(parsed.get(), CURLUPART_USER, CURLU_URLDECODE);
  url.password = part_of(parsed.get(), CURLUPART_PASSWORD, 0);
  url.host = to_lower(part_of(parsed.get(), CURLUPART_HOST, 0));
  url.port = part_of(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.path = part_of(parsed.get(), CURLUPART_PATH, 0);
  url.query = part_of(parsed.get(), CURLUPART_QUERY, 0);
  const bool has_user = !part_of(parsed.get(), CURLUPART_USER, 0).empty();
  if (url.host.empty() || url.port.empty() || (has_user && url.user.empty())) return wrong;
  return url;
}

std::string_view bare_host(std::string_view host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    return host.substr(1, host.size() - 2);
  return host;
}

bool names_address(std::string_view host) {
  const std::string bare{bare_host(host)};
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, bare.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, bare.c_str(), buffer) == 1;
}

bool names_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::string bare{bare_host(host)};
  unsigned char b[sizeof(in6_addr)];
  if (inet_pton(AF_INET, bare.c_str(), b) == 1) return is_loopback_v4(v4_of(b));
  return inet_pton(AF_INET6, bare.c_str(), b) == 1 && kind_of_v6(b).loopback;
}

CurlHandle::CurlHandle() {
  begin_once();
  handle_.reset(curl_easy_init());
  if (!handle_) {
    refused_option_ = true;
    return;
  }
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, 60L);
  set(CURLOPT_TCP_KEEPINTVL, 15L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  // Without it the end of the handle waits for the resolver, past every deadline.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlHandle::open_socket);
  set(CURLOPT_OPENSOCKETDATA, &reach_);
}

curl_socket_t CurlHandle::open_socket(void* check, curlsocktype, curl_sockaddr* address) {
  auto& reach = *static_cast<ReachCheck*>(check);
  const Kind kind = kind_of(&address->addr, address->addrlen);
  if ((reach.reach == Reach::loopback_only && !kind.loopback) ||
      (reach.reach == Reach::public_only && kind.is_private)) {
    reach.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Status CurlHandle::set_ca_file(const std::string& path) {
  if (path.empty()) return ok();
  if (::access(path.c_str(), R_OK) != 0)
    return Error{Fault::invalid,
                 "ca_file " + path + " cannot be read; name a file of certificates in PEM form"};
  ca_file_ = path;
  set(CURLOPT_CAINFO, ca_file_.c_str());
  // Otherwise Debian's /etc/ssl/certs is believed as well.
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  return ok();
}

void CurlHandle::set_interrupt(const Interrupt* interrupt) {
  if (interrupt == nullptr) return;
  // libcurl asks at least once a second, while it resolves, too.
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFODATA, interrupt);
  set(
      CURLOPT_XFERINFOFUNCTION,
      +[](const void* asked, curl_off_t, curl_off_t, curl_off_t, curl_off_t) -> int {
        return static_cast<const Interrupt*>(asked)->is_fired() ? 1 : 0;
      });
}

Status CurlHandle::perform(const std::string& place) {
  if (refused_option_)
    return Error{Fault::internal, "the installed libcurl lacks an option that safety needs"};
  reach_.refused = false;
  last_code_ = curl_easy_perform(handle_.get());
  return last_code_ == CURLE_OK ? ok() : Status{explain(place)};
}

Error CurlHandle::explain(const std::string& place) const {
  const auto error = [&](Fault fault, std::string_view why) {
    return Error{fault, place + ": " + std::string{why}};
  };
  switch (last_code_) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return error(Fault::unavailable,
                   "the host name cannot be resolved; check it, and this machine's DNS");
    case CURLE_COULDNT_CONNECT:
      if (reach_.refused)
        return error(
            Fault::invalid,
            reach_.reach == Reach::loopback_only
                ? "the name leads to another machine, where clear text is not spoken; use TLS"
                : "the name leads to a private address, which is never fetched");
      return error(Fault::unavailable,
                   "nothing answers there; check host and port, and that the server runs");
    case CURLE_OPERATION_TIMEDOUT:
      return error(Fault::unavailable,
                   "no answer in time; check host, port and firewall, and that the url's scheme "
                   "fits the port");
    case CURLE_PEER_FAILED_VERIFICATION: {
      long verified = 0;
      curl_easy_getinfo(handle_.get(), CURLINFO_SSL_VERIFYRESULT, &verified);
      return explain_certificate(place, verified, !ca_file_.empty());
    }
    case CURLE_SSL_CACERT_BADFILE:
      return error(Fault::invalid,
                   "ca_file holds no certificate; name a file of certificates in PEM form");
    case CURLE_USE_SSL_FAILED:
      return error(Fault::unavailable,
                   "the server does not offer STARTTLS, and nothing is sent in clear text; use the "
                   "TLS port");
    case CURLE_LOGIN_DENIED:
    case CURLE_AUTH_ERROR:
      return error(Fault::denied,
                   "the login was refused; check the user in the url and the secret's file");
    case CURLE_SSL_CONNECT_ERROR:
      return error(Fault::unavailable,
                   "TLS 1.2 or later could not be agreed on; check that this is the TLS port");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return error(Fault::invalid, "the url cannot be used");
    case CURLE_ABORTED_BY_CALLBACK: return error(Fault::unavailable, "interrupted");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT: return error(Fault::internal, "out of memory");
    default:
      return error(Fault::unavailable,
                   "the server hung up or did not speak its protocol; check that host, port and "
                   "scheme of the url fit");
  }
}

}  // namespace trust::net
