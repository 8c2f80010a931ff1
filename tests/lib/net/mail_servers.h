#pragma once

#include <map>
#include <memory>
#include <string>

#include "lib/net/curl_stream.h"
#include "tests/fakes/scripted_server.h"
#include "tests/fakes/tls_server.h"

namespace trust::net {

using namespace std::chrono_literals;
using test::hear;
using test::say;
using test::Script;
using test::ScriptedServer;
using test::TlsServer;

inline constexpr char kPassword[] = "correct horse";
inline constexpr char kSecretOnTheWire[] =
    "AGRlc2tAZXhhbXBsZS5vcmcAY29ycmVjdCBob3JzZQ==";  // AUTH PLAIN

/// Servers are shared by the tests of a program: their certificates take a while to make.
inline TlsServer& tls_server(const std::string& certificate, const std::string& protocol,
                             const std::string& tls = "") {
  static std::map<std::string, std::unique_ptr<TlsServer>> servers;
  auto& server = servers[certificate + protocol + tls];
  if (!server) server = std::make_unique<TlsServer>(certificate, protocol, tls);
  return *server;
}

inline Endpoint endpoint(const std::string& url, const std::string& ca_file = "") {
  return {.url = url,
          .password = kPassword,
          .ca_file = ca_file,
          .ehlo_name = "desk.example.org",
          .timeout = 20s};
}
inline constexpr char kUser[] = "desk%40example.org";

/// What a server says and hears up to its login.
inline Script smtp_that_offers(const std::string& keywords) {
  return {say("220 hi\r\n"), hear("EHLO"), say("250-relay\r\n250 " + keywords + "\r\n")};
}
inline Script imap_that_offers(const std::string& greeting, const std::string& capabilities) {
  return {say("* " + greeting + " hi\r\n"), hear("A001 CAPABILITY"),
          say("* CAPABILITY IMAP4rev1 " + capabilities + "\r\nA001 OK\r\n")};
}
inline Script operator+(Script script, const Script& more) {
  script.insert(script.end(), more.begin(), more.end());
  return script;
}
inline const Script kSilence = {test::stall()};

}  // namespace trust::net
