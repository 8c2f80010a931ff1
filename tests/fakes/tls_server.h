#pragma once

#include <cstdio>
#include <string>

namespace trust::test {

/// A server with a certificate of a given kind, made by OpenSSL and served by Python's ssl module:
/// see tls_server.py for the kinds and protocols.
class TlsServer {
 public:
  TlsServer(const std::string& certificate, const std::string& protocol,
            const std::string& highest_tls = "");
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string url(const std::string& scheme, const std::string& user = "",
                  const std::string& host = "127.0.0.1") const;
  std::string ca_file() const { return folder_ + "/ca.pem"; }
  /// Everything that clients said, decrypted.
  std::string received() const;

 private:
  std::string folder_;
  FILE* output_ = nullptr;
  int port_ = 0;
  int process_ = 0;
};

}  // namespace trust::test
