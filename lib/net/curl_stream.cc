#include "lib/net/curl_stream.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/net/curl_handle.h"

namespace trust::net {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// What the server said while libcurl logged in. libcurl reports success without a login when SMTP
/// offers no AUTH or IMAP greets with PREAUTH.
struct LoginWatch {
  bool smtp = false;
  bool taken = false;    ///< SMTP: 235 was seen
  bool preauth = false;  ///< IMAP: logged in before we said who we are
  bool offers_sasl = false;
  bool offers_login = true;  ///< IMAP: no LOGINDISABLED
  std::string last_line;

  void hear(std::string_view line) {
    last_line = std::string{trim(line.substr(0, 512))};
    if (smtp) {
      if (last_line.starts_with("235")) taken = true;
      return;
    }
    if (starts_with_ignoring_case(last_line, "* PREAUTH")) preauth = true;
    if (!contains_any(last_line, "CAPABILITY")) return;
    offers_sasl = contains_any(last_line, "AUTH=PLAIN|AUTH=LOGIN");
    offers_login = !contains_any(last_line, "LOGINDISABLED");
  }

  /// RFC 4954 6 "454 temporary", RFC 5530 UNAVAILABLE and the like: nothing is wrong with the
  /// secret.
  bool is_temporary() const {
    if (smtp) return last_line.starts_with("4");
    return contains_any(last_line, "[UNAVAILABLE]|[LIMIT]|[INUSE]");
  }
  bool was_answered() const {
    if (smtp) return last_line.starts_with("5");
    const auto words = split(last_line, ' ');
    return words.size() > 1 && equals_any(words[1], "NO|BAD");
  }
};

std::size_t hear_line(char* bytes, std::size_t size, std::size_t count, void* watch) {
  static_cast<LoginWatch*>(watch)->hear({bytes, size * count});
  return size * count;
}

class CurlStream final : public Stream {
 public:
  CurlStream(std::unique_ptr<CurlHandle> handle, std::unique_ptr<LoginWatch> watch,
             curl_socket_t socket, const Interrupt* interrupt)
      : watch_{std::move(watch)},
        handle_{std::move(handle)},
        socket_{socket},
        interrupt_{interrupt} {}

  Result<std::string> receive(std::size_t max_bytes, Deadline deadline) override {
    if (max_bytes == 0) return Error{Fault::internal, "receive of no bytes"};
    for (;;) {
      if (is_interrupted()) return interrupted();
      if (const Status filled = fill(); !filled) return filled.error();
      if (!ahead_.empty() || closed_) break;
      if (const Status waited = wait(POLLIN, deadline); !waited) return waited.error();
    }
    std::string bytes = ahead_.substr(0, max_bytes);
    ahead_.erase(0, bytes.size());
    return bytes;
  }

  Status send(std::string_view bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      if (is_interrupted()) return interrupted();
      std::size_t sent = 0;
      const CURLcode code = curl_easy_send(handle_->get(), bytes.data(), bytes.size(), &sent);
      bytes.remove_prefix(sent);
      if (code == CURLE_AGAIN) {
        if (Status waited = wait(POLLOUT, deadline); !waited) return waited;
      } else if (code != CURLE_OK) {
        return Error{Fault::unavailable, "the connection broke while sending"};
      } else if (steady_clock::now() > deadline && !bytes.empty()) {
        return Error{Fault::unavailable, "the server took too long to read"};
      }
    }
    return ok();
  }

  bool has_input() override {
    // Breaking is something that can be heard without waiting, too.
    return !fill() || !ahead_.empty() || closed_;
  }

 private:
  /// Reads what is there into ahead_, if that is empty. TLS may hold bytes that poll(2) cannot
  /// see, so reading comes first and waiting only after CURLE_AGAIN.
  Status fill() {
    if (!ahead_.empty() || closed_) return ok();
    char buffer[16 * 1024];
    std::size_t got = 0;
    const CURLcode code = curl_easy_recv(handle_->get(), buffer, sizeof buffer, &got);
    if (code == CURLE_AGAIN) return ok();
    if (code != CURLE_OK) return Error{Fault::unavailable, "the connection broke"};
    closed_ = got == 0;
    ahead_.assign(buffer, got);
    return ok();
  }

  bool is_interrupted() const { return interrupt_ != nullptr && interrupt_->is_fired(); }
  static Error interrupted() { return {Fault::unavailable, "interrupted"}; }

  Status wait(short events, Deadline deadline) const {
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
      if (left <= milliseconds{0}) return Error{Fault::unavailable, "the server took too long"};
      // poll(2) passes over a descriptor of -1.
      pollfd both[] = {{socket_, events, 0},
                       {interrupt_ == nullptr ? -1 : interrupt_->descriptor(), POLLIN, 0}};
      const int ready = ::poll(
          both, 2, static_cast<int>(std::min<milliseconds>(left, milliseconds{60'000}).count()));
      if (ready > 0) return ok();
      if (ready < 0 && errno != EINTR) return Error{Fault::unavailable, "the connection broke"};
    }
  }

  std::unique_ptr<LoginWatch> watch_;  // libcurl holds a pointer to it
  std::unique_ptr<CurlHandle> handle_;
  curl_socket_t socket_;
  const Interrupt* interrupt_;
  std::string ahead_;
  bool closed_ = false;
};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

bool is_ehlo_name(std::string_view name) {
  return name.size() <= 255 && all_of(name, [](char c) {
           return is_alnum(c) || std::string_view{"-.:[]"}.find(c) != std::string_view::npos;
         });
}

Result<Url> checked(const Endpoint& endpoint) {
  Result<Url> url = parse_url(endpoint.url);
  if (!url) return url.error();
  const auto wrong = [&](std::string_view why) {
    return Error{Fault::invalid, url->place() + ": " + std::string{why}};
  };
  const bool smtp = url->scheme == "smtp" || url->scheme == "smtps";
  if (!smtp && url->scheme != "imap" && url->scheme != "imaps")
    return wrong("a mail server's url begins with imaps:// or smtps://");
  if (!url->password.empty())
    return wrong("a password does not belong into the url; use password_file");
  if ((!url->path.empty() && url->path != "/") || !url->query.empty())
    return wrong("the url must end after the port");
  const bool has_secret = !endpoint.password.empty() || !endpoint.access_token.empty();
  if (has_secret && url->user.empty())
    return wrong("there is a secret and no user; write the url like imaps://user@host");
  if (!has_secret && (!smtp || !url->user.empty()))
    return wrong("there is no secret to log in with; set password_file");
  if (has_control(url->user) || has_control(endpoint.password) ||
      has_control(endpoint.access_token))
    return wrong("user and secret must not hold control characters");
  if (!is_ehlo_name(endpoint.ehlo_name)) return wrong("the EHLO name must be a host name");
  return url;
}

struct Attempt {
  std::unique_ptr<LoginWatch> watch = std::make_unique<LoginWatch>();
  std::unique_ptr<CurlHandle> handle = std::make_unique<CurlHandle>();
  Status status = ok();
};

Attempt try_login(const Endpoint& endpoint, const Url& url, const char* login_options) {
  Attempt attempt;
  CurlHandle& handle = *attempt.handle;
  attempt.watch->smtp = url.scheme.starts_with("smtp");
  std::string address = url.place() + "/";
  if (attempt.watch->smtp)
    address += endpoint.ehlo_name.empty() ? std::string{kUnnamedHost} : endpoint.ehlo_name;
  handle.set(CURLOPT_URL, address.c_str());
  handle.set(CURLOPT_PROTOCOLS_STR, "imap,imaps,smtp,smtps");
  handle.set(CURLOPT_CONNECT_ONLY, 1L);
  handle.set(CURLOPT_TIMEOUT_MS, static_cast<long>(endpoint.timeout.count()));
  handle.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(endpoint.timeout.count()));
  handle.set(CURLOPT_HEADERFUNCTION, &hear_line);
  handle.set(CURLOPT_HEADERDATA, attempt.watch.get());
  handle.set_interrupt(endpoint.interrupt);
  if (attempt.status = handle.set_ca_file(endpoint.ca_file); !attempt.status) return attempt;
  if (is_clear_text(url, endpoint))
    handle.set_reach(Reach::loopback_only);
  else
    handle.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!url.user.empty()) {
    handle.set(CURLOPT_USERNAME, url.user.c_str());
    if (endpoint.access_token.empty())
      handle.set(CURLOPT_PASSWORD, endpoint.password.c_str());
    else
      handle.set(CURLOPT_XOAUTH2_BEARER, endpoint.access_token.c_str());
    handle.set(CURLOPT_LOGIN_OPTIONS, login_options);
  }
  attempt.status = handle.perform(url.place());
  return attempt;
}

Error explain_denied(const Attempt& attempt, const std::string& place) {
  if (attempt.watch->is_temporary())
    return {Fault::unavailable, place + ": the server cannot check logins now; try again later"};
  if (attempt.watch->was_answered()) return attempt.status.error();
  return {
      Fault::unavailable,
      place + ": the server offers no login that we can use; use the TLS port, and allow PLAIN"};
}

}  // namespace

bool is_clear_text(const Url& url, const Endpoint& endpoint) {
  return !url.scheme.ends_with("s") && endpoint.ca_file.empty() && names_loopback(url.host);
}

CurlConnector::CurlConnector() = default;

Result<std::unique_ptr<Stream>> CurlConnector::connect(const Endpoint& endpoint) {
  const Result<Url> url = checked(endpoint);
  if (!url) return url.error();
  const bool by_token = !endpoint.access_token.empty();
  Attempt attempt = try_login(endpoint, *url,
                              by_token ? "AUTH=XOAUTH2;AUTH=OAUTHBEARER" : "AUTH=PLAIN;AUTH=LOGIN");
  const auto is_denied = [&] { return attempt.handle->last_code() == CURLE_LOGIN_DENIED; };
  // A server without SASL has the LOGIN command, which libcurl uses when no mechanism is pinned.
  if (is_denied() && !attempt.watch->smtp && !by_token && !attempt.watch->was_answered() &&
      !attempt.watch->offers_sasl && attempt.watch->offers_login)
    attempt = try_login(endpoint, *url, "AUTH=*");
  if (is_denied()) return explain_denied(attempt, url->place());
  if (!attempt.status) return attempt.status.error();

  if (attempt.watch->preauth)
    return Error{
        Fault::unavailable,
        url->place() + ": the server did not ask who we are; it must ask for the password"};
  if (attempt.watch->smtp && !url->user.empty() && !attempt.watch->taken)
    return Error{Fault::unavailable,
                 url->place() +
                     ": the server does not offer a login though there is a secret; "
                     "use the submission port"};
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(attempt.handle->get(), CURLINFO_ACTIVESOCKET, &socket);
  if (socket == CURL_SOCKET_BAD)
    return Error{Fault::unavailable, url->place() + ": the server hung up"};
  return std::unique_ptr<Stream>{std::make_unique<CurlStream>(
      std::move(attempt.handle), std::move(attempt.watch), socket, endpoint.interrupt)};
}

}  // namespace trust::net
