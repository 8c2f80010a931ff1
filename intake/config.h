#pragma once

/// intake: the settings of trust-intake.  config.*  the Config and its table (CLI.md,
/// Configuration).

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/config/config_file.h"
#include "lib/config/groups.h"
#include "lib/config/setting.h"

namespace trust::intake {

/// Everything an operator can set. Keys, defaults and reference texts stand in settings().
struct Config {
  std::string address;  ///< strict, lower-cased: reports arrive here, answers come from here
  std::vector<config::Person> staff;  ///< at least one; strict, lower-cased addresses
  std::string state_dir;              ///< keyring, rotated tokens, lock
  config::ImapSettings imap;
  config::SmtpSettings smtp;
  config::StoreSettings store;
  std::string authserv_id;  ///< whose Authentication-Results are believed; "" = the topmost of any
  enum class Envelope { bounce, null } acknowledge_envelope = Envelope::bounce;
  int acknowledge_per_hour = 60;  ///< to senders without dmarc=pass
  int retention_days = 180;
  enum class OnServer { keep, expunge } retention_server = OnServer::keep;
  std::optional<config::WebUrl> register_url;  ///< the notifier's incidents.json
  std::optional<std::string> register_file;
  config::NoticeSettings notices;
  std::vector<std::string> own_lists;   ///< List-Ids that are our own groups, lower-cased
  std::optional<std::string> reply_to;  ///< "security+{token}@example.org"
  std::optional<std::string> holidays;  ///< iCalendar file; none: every Mon-Fri counts
  std::optional<std::string> services;  ///< services.json; none: no service is recognised
  std::optional<std::string> templates;
  config::HttpSettings http;

  std::optional<std::string> state_dir_given;    ///< what the file says; `state_dir` is derived
  std::optional<std::string> authserv_id_given;  ///< likewise

  static std::span<const config::Setting<Config>> settings();
  std::optional<config::Problem> check();

  std::vector<std::string> staff_addresses() const { return config::addresses_of(staff); }
};

}  // namespace trust::intake
