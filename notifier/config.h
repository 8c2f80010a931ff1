#pragma once

/// notifier: the settings of trust-notifier.  config.*  the Config and its table (CLI.md,
/// Configuration).

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/config/config_file.h"
#include "lib/config/groups.h"
#include "lib/mail/message.h"

namespace trust::notifier {

/// Everything in notifier.json. `settings()` is the one table of its keys, defaults and docs.
struct Config {
  struct Site {
    config::WebUrl base_url;            ///< always ends in a slash after `check`
    std::optional<std::string> folder;  ///< post-mortems as Markdown; none: only `announce URL`
    bool check_live = true;             ///< the live page must answer 200 before anyone is told
    std::string article;                ///< selectors, see page/article.h
    std::chrono::milliseconds poll{60'000};
    std::optional<std::string> ca_file;
  };
  struct Bounces {
    std::optional<std::string> address;  ///< with {token}; none: bounces come back to `from`
    config::ImapSettings imap;
  };

  std::string from;  ///< as written: "ADDRESS" or "Name <ADDRESS>"
  std::vector<config::Person> staff;
  std::string state_dir;  ///< keyring, lock; beside the SQLite file unless set
  config::SmtpSettings smtp;
  config::StoreSettings store;
  Site site;
  std::chrono::milliseconds hold{600'000};
  Bounces bounces;
  config::HttpSettings http;
  std::string list_id;  ///< without <>; "incidents." and the domain of `from` unless set
  std::optional<std::string> services;
  std::optional<std::string> templates;
  config::NoticeSettings notices;
  std::optional<std::string> resolver;

  mail::Address sender;                                           ///< of `from`, after `check`
  std::optional<std::string> state_dir_setting, list_id_setting;  ///< as written

  static std::span<const config::Setting<Config>> settings();
  /// What is wrong between settings. Also derives what is not set, gives `site.base_url` its slash
  /// and makes addresses strict.
  std::optional<config::Problem> check();

  std::vector<std::string> staff_addresses() const { return config::addresses_of(staff); }
};

}  // namespace trust::notifier
