#include "lib/config/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::config {

namespace {

struct Scheme {
  std::string_view name;
  int port;
};
constexpr Scheme kSchemes[] = {{"imaps", 993}, {"imap", 143},  {"smtps", 465},
                               {"smtp", 587},  {"https", 443}, {"http", 80}};

Error wrong(std::string text) { return {Fault::invalid, std::move(text)}; }

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto code = number_of<unsigned>(text.substr(i + 1, 2), 16);
    if (i + 2 >= text.size() || !code || is_control(static_cast<char>(*code))) return {};
    out += static_cast<char>(*code);
    i += 2;
  }
  return out;
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         all_of(host, [](char c) { return is_alnum(c) || c == '-' || c == '.'; });
}

bool is_ipv6(std::string_view host) {
  return host.size() >= 2 && host.size() <= 45 && host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
}

std::optional<int> port_of(std::string_view digits) {
  const auto port = number_of<int>(digits);
  return port && *port >= 1 && *port <= 65535 ? port : std::nullopt;
}

/// "host", "host:port", "[v6]", "[v6]:port" into `host` and the digits behind the colon.
struct HostAndPort {
  std::string host;
  std::optional<std::string_view> port;
};
std::optional<HostAndPort> split_host(std::string_view text) {
  HostAndPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return {};
    out.host = to_lower(text.substr(1, close - 1));
    if (!is_ipv6(out.host)) return {};
    rest = text.substr(close + 1);
  } else {
    const auto colon = std::min(text.find(':'), text.size());
    out.host = to_lower(text.substr(0, colon));
    if (!is_host_name(out.host)) return {};
    rest = text.substr(colon);
  }
  if (rest.empty()) return out;
  if (!rest.starts_with(':')) return {};
  out.port = rest.substr(1);
  return out;
}

}  // namespace

bool Url::is_loopback() const {
  if (host == "localhost" || host == "::1") return true;
  // All four numbers, so that 127.example.org is none.
  const auto numbers = split(host, '.');
  return numbers.size() == 4 && numbers[0] == "127" &&
         std::all_of(numbers.begin(), numbers.end(), [](std::string_view n) {
           return !n.empty() && n.size() <= 3 && all_of(n, is_digit);
         });
}

Result<Url> parse_url(std::string_view text, std::initializer_list<std::string_view> schemes) {
  Url url;
  url.text = text;
  const std::string wanted = fmt::format("{}://…", *schemes.begin());
  const auto mark = text.find("://");
  if (mark == std::string_view::npos) return wrong(fmt::format("no URL; write {}", wanted));
  url.scheme = to_lower(text.substr(0, mark));
  if (std::find(schemes.begin(), schemes.end(), url.scheme) == schemes.end())
    return wrong(fmt::format("not the kind of URL that belongs here; write {}", wanted));
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= 0x20 || c == 0x7f; }))
    return wrong("holds a space or a character beyond ASCII; write such a host as xn--…");
  if (text.find_first_of("?#\\\"<>") != std::string_view::npos)
    return wrong("holds one of ? # \\ \" < >; leave it away");

  std::string_view rest = text.substr(mark + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  url.path = rest.substr(slash);
  std::string_view authority = rest.substr(0, slash);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    if (user.find(':') != std::string_view::npos)
      return wrong("holds a password; write it into a file and name that with password_file");
    if (user.find('@') != std::string_view::npos)
      return wrong("holds two @; write the one inside the user's name as %40");
    const auto decoded = percent_decoded(user);
    if (!decoded || decoded->empty())
      return wrong("the user's name cannot be read; write an @ in it as %40, a % as %25");
    url.user = *decoded;
    authority.remove_prefix(at + 1);
  }
  const auto host = split_host(authority);
  if (!host) return wrong(fmt::format("names no host; write {}HOST:PORT", url.scheme + "://"));
  url.host = host->host;
  const auto known = std::find_if(std::begin(kSchemes), std::end(kSchemes),
                                  [&](const Scheme& s) { return s.name == url.scheme; });
  url.port = known == std::end(kSchemes) ? 0 : known->port;
  if (host->port) {
    const auto port = port_of(*host->port);
    if (!port) return wrong("the port is not a number from 1 to 65535");
    url.port = *port;
  }
  // imap:// and smtp:// to another machine are spoken with STARTTLS, which lib/net insists on.
  if (url.scheme == "http" && !url.is_loopback())
    return wrong("would send clear text to another machine; write https://");
  return url;
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto parts = split_host(text);
  const auto port = parts && parts->port ? port_of(*parts->port) : std::nullopt;
  if (!port) return wrong("no address to listen at; write one like \"127.0.0.1:8025\"");
  return ListenAddress{parts->host, *port};
}

}  // namespace trust::config
