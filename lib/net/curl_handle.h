#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>

#include "lib/net/stream.h"

/// What every use of libcurl here has in common. Private to lib/net.
namespace trust::net {

/// A URL taken apart. `host` is lower case, with [] around an IPv6 address.
struct Url {
  std::string scheme, user, password, host, port, path, query;

  /// "imaps://host:port": what errors call the server. No user, no path.
  std::string place() const { return scheme + "://" + host + ":" + port; }
};
/// Fault::invalid, without quoting the text, which may hold a secret.
Result<Url> parse_url(const std::string& text);

/// Which machines a connection may go to, decided by the address that is connected to.
enum class Reach { anywhere, public_only, loopback_only };
/// Without [].
std::string_view bare_host(std::string_view host);
/// Whether the host is written as a loopback address, or is "localhost".
bool names_loopback(std::string_view host);
/// Whether the host is written as an address, not as a name.
bool names_address(std::string_view host);

/// imap:// or smtp:// to this very machine without a ca_file; all else is TLS (curl_stream.h).
bool is_clear_text(const Url& url, const Endpoint& endpoint);

/// An easy handle with the options that are never different: no proxy, no signals, TLS >= 1.2
/// verified, TCP_NODELAY, keep-alive, a connection of its own.
class CurlHandle {
 public:
  CurlHandle();
  CurlHandle(const CurlHandle&) = delete;
  CurlHandle& operator=(const CurlHandle&) = delete;

  CURL* get() const { return handle_.get(); }
  template <class Value>
  void set(CURLoption option, Value value) {
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) refused_option_ = true;
  }
  void set_reach(Reach reach) { reach_.reach = reach; }
  /// Fault::invalid: the file cannot be read. Empty: the system's certificates.
  Status set_ca_file(const std::string& path);

  /// Ends perform() within a second of its firing. Null: nothing does.
  void set_interrupt(const Interrupt* interrupt);

  /// Connects and does what the options say. The error is a sentence that names `place`.
  Status perform(const std::string& place);
  CURLcode last_code() const { return last_code_; }

 private:
  struct ReachCheck {
    Reach reach = Reach::anywhere;
    bool refused = false;
  };
  struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  static curl_socket_t open_socket(void* check, curlsocktype, curl_sockaddr* address);
  Error explain(const std::string& place) const;

  ReachCheck reach_;
  std::string ca_file_;
  bool refused_option_ = false;
  CURLcode last_code_ = CURLE_OK;
  std::unique_ptr<CURL, Free> handle_;
};

}  // namespace trust::net
