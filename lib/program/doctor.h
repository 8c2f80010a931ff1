#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/time.h"
#include "lib/cli/command.h"
#include "lib/config/groups.h"
#include "lib/net/stream.h"
#include "lib/program/program_store.h"

namespace trust::program {

/// What `doctor` found, a line each as it is found: "good", "look" (works, but look at it) or
/// "BAD"; with --json an object {"verdict", "what", "words"} each.
class Findings {
 public:
  Findings(cli::Io io, bool as_json) : io_{io}, as_json_{as_json} {}

  void good(std::string_view what, const std::string& words) { print("good", what, words); }
  void warn(std::string_view what, const std::string& words) { print("look", what, words); }
  void bad(std::string_view what, const Error& error);
  /// "good" with `words`, or the error. Whether it was good.
  template <class Outcome>
  bool note(std::string_view what, const Outcome& outcome, const std::string& words) {
    if (outcome)
      good(what, words);
    else
      bad(what, outcome.error());
    return outcome.has_value();
  }
  /// done; unavailable where nothing else is wrong; failed.
  cli::Exit exit() const;

 private:
  void print(std::string_view verdict, std::string_view what, const std::string& words);

  cli::Io io_;
  bool as_json_;
  bool any_bad_ = false;
  bool only_unavailable_ = true;
};

/// Name and certificate of a server: "imap dns", "imap tls". Whether it can be reached by them.
bool look_at_server(Findings& findings, const std::string& what, const config::Url& url,
                    const net::Endpoint& endpoint, UtcTime now);
/// Name, certificate and login of the relay.
void look_at_relay(Findings& findings, net::Connector& connector,
                   const config::SmtpSettings& settings, UtcTime now);
/// Store, schema and keyring. A session where all of it is good.
std::optional<store::Connection> look_at_store(Findings& findings, const ProgramStore& store);

}  // namespace trust::program
