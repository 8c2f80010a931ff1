#pragma once

/// The settings both programs have, as value types with their readers and as rows for a program's
/// table: imap_settings<Config>("bounces.imap", …) gives the rows of one group.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "lib/config/setting.h"
#include "lib/config/url.h"

namespace trust::config {

/// imaps://user@host:993 or smtps://user@host:465. With imap:// and smtp:// STARTTLS is insisted
/// on, but for loopback addresses.
struct ImapUrl : Url {};
struct SmtpUrl : Url {};
struct WebUrl : Url {};  ///< https://…; http:// to loopback only
/// "sqlite:/path" or "postgresql://user@host/name", never with a password inside.
struct StoreUrl {
  std::string text;
  bool is_sqlite() const { return text.starts_with("sqlite:"); }
  /// The database file; "" for PostgreSQL.
  std::string file() const { return is_sqlite() ? text.substr(7) : ""; }
};
/// `imap.from`: which mail is taken in at the first look.
struct MailFrom {
  enum class Kind { now, all, date } kind = Kind::now;
  UtcTime since{};  ///< of `date`
};
/// A time of day, UTC: "08:00".
struct TimeOfDay {
  std::chrono::minutes since_midnight{0};
};

Status read_value(const Given& given, ImapUrl& into);
Status read_value(const Given& given, SmtpUrl& into);
Status read_value(const Given& given, WebUrl& into);
Status read_value(const Given& given, StoreUrl& into);
Status read_value(const Given& given, MailFrom& into);
Status read_value(const Given& given, TimeOfDay& into);
Status read_value(const Given& given, ListenAddress& into);

struct ImapSettings {
  ImapUrl url;                ///< text "": not set
  std::string password_file;  ///< "": none, oauth instead
  std::optional<std::string> ca_file;
  std::vector<std::string> watch;
  MailFrom from;
  std::chrono::milliseconds poll{30'000};
  bool append_sent = false;
  std::optional<Oauth> oauth;
};

struct SmtpSettings {
  SmtpUrl url;
  std::string password_file;  ///< "": none
  std::optional<std::string> ca_file;
  int connections = 4;
  int rate_per_second = 0;            ///< 0: as fast as the relay takes them
  std::optional<std::string> divert;  ///< every mail goes to this address instead
  std::chrono::milliseconds stop_wait{30'000};
  std::optional<Oauth> oauth;
};

struct StoreSettings {
  StoreUrl url;
  std::optional<std::string> password_file;  ///< PostgreSQL only
};

struct NoticeSettings {
  TimeOfDay at;
  bool late_mail = true;  ///< intake only
  std::vector<Webhook> webhooks;
};

struct HttpSettings {
  ListenAddress listen;
  std::optional<ListenAddress> private_listen;  ///< notifier only: health and metrics
  std::optional<WebUrl> public_url;
  std::vector<std::string> trusted_proxies;
};

/// A problem between settings: the key it is about, and what to write instead.
struct Problem {
  std::string key;
  std::string what;
};
/// Whether the login of a group is complete; `prefix` is its key, "imap" or "bounces.imap". Of smtp
/// also the number of connections; `divert` becomes strict.
std::optional<Problem> check_login(std::string_view prefix, const ImapSettings& imap);
std::optional<Problem> check_login(std::string_view prefix, SmtpSettings& smtp);
/// Replaces an address by its strict form (mail::strict_address); false if it is none.
bool make_strict(std::string& address);
/// At least one, each once; their addresses become strict.
std::optional<Problem> check_staff(std::vector<Person>& staff);
std::vector<std::string> addresses_of(const std::vector<Person>& staff);
/// "security+{token}@example.org", and a whole token has room in it.
std::optional<Problem> check_token_address(std::string key, const std::string& pattern);

/// The rows of a group; `path` leads to it: &Config::bounces, &Bounces::imap. `need` is that of url
/// and password_file (with Need::usual the group may be left out).
template <class Config, class Member, class... Rest>
std::vector<Setting<Config>> imap_settings(const std::string& prefix, Need need,
                                           Member Config::*member, Rest... path) {
  using S = ImapSettings;
  return {
      setting(prefix + ".url", need, R"("imaps://security%40example.org@mail.example.org:993")",
              "The mailbox: imaps://USER@HOST:PORT, an @ inside USER written %40. It is only "
              "ever read.",
              member, path..., &S::url),
      path_setting(
          prefix + ".password_file", Need::usual, R"("imap-password")",
          "File that holds its password; \"$CREDENTIALS_DIRECTORY/NAME\" for a systemd credential.",
          member, path..., &S::password_file),
      path_setting(prefix + ".ca_file", Need::optional, "null",
                   "Certificate authority that signed the server; null = the system's.", member,
                   path..., &S::ca_file),
      setting(prefix + ".watch", Need::optional, R"(["INBOX", "\\Junk", "\\Sent"])",
              "Folders to watch; a name that starts with a backslash is the folder with that use "
              "(RFC 6154). Mail in \\Sent opens no case.",
              member, path..., &S::watch),
      setting(prefix + ".from", Need::optional, R"("now")",
              "What the first look takes in: \"now\" = only mail that arrives from now on, "
              "\"all\", or a date like \"2026-11-24\".",
              member, path..., &S::from),
      setting(prefix + ".poll", Need::optional, R"("30s")",
              "How often to look; a server with IDLE tells of new mail in INBOX at once.", member,
              path..., &S::poll),
      setting(prefix + ".append_sent", Need::optional, "false",
              "Whether a copy of what is sent is put into the Sent folder. (Not yet in effect.)",
              member, path..., &S::append_sent),
      path_setting(prefix + ".oauth", Need::optional, "null",
                   "OAuth2 instead of a password: an object with token_url, client_id, "
                   "client_secret_file, scope, "
                   "grant (client_credentials or refresh_token) and refresh_token_file. "
                   "(Not yet supported.)",
                   member, path..., &S::oauth),
  };
}

template <class Config>
std::vector<Setting<Config>> smtp_settings(const std::string& prefix, SmtpSettings Config::*group) {
  using S = SmtpSettings;
  return {
      setting(
          prefix + ".url", Need::required,
          R"("smtps://security%40example.org@mail.example.org:465")",
          "The relay that takes our mail: smtps://USER@HOST:PORT, or smtp:// for one with STARTTLS "
          "(port 587).",
          group, &S::url),
      path_setting(
          prefix + ".password_file", Need::usual, R"("smtp-password")",
          "File that holds its password; not needed for a relay on this machine that asks for no "
          "login.",
          group, &S::password_file),
      path_setting(prefix + ".ca_file", Need::optional, "null",
                   "Certificate authority that signed the relay; null = the system's.", group,
                   &S::ca_file),
      setting(prefix + ".connections", Need::optional, "4",
              "Connections to the relay at the same time.", group, &S::connections),
      setting(prefix + ".rate_per_second", Need::optional, "0",
              "Mails per second at the most; 0 = as fast as the relay takes them.", group,
              &S::rate_per_second),
      setting(prefix + ".divert", Need::optional, "null",
              "For trial runs: every mail goes to this one address instead.", group, &S::divert),
      setting(prefix + ".stop_wait", Need::optional, R"("30s")",
              "How long to wait for the relay's last answers when told to stop.", group,
              &S::stop_wait),
      path_setting(prefix + ".oauth", Need::optional, "null",
                   "OAuth2 instead of a password, as for imap. (Not yet supported.)", group,
                   &S::oauth),
  };
}

/// `default_json` is the program's own default store, such as "\"sqlite:/var/lib/…/intake.db\"".
template <class Config>
std::vector<Setting<Config>> store_settings(const std::string& prefix,
                                            std::string_view default_json,
                                            StoreSettings Config::*group) {
  using S = StoreSettings;
  return {
      path_setting(prefix + ".url", Need::optional, default_json,
                   "The database: \"sqlite:PATH\" or \"postgresql://USER@HOST/NAME\".", group,
                   &S::url),
      path_setting(prefix + ".password_file", Need::optional, "null",
                   "File that holds PostgreSQL's password; null = none is needed.", group,
                   &S::password_file),
  };
}

enum class LateMail { settable, none };
template <class Config>
std::vector<Setting<Config>> notice_settings(const std::string& prefix, LateMail late_mail,
                                             NoticeSettings Config::*group) {
  using S = NoticeSettings;
  std::vector<Setting<Config>> rows{setting(
      prefix + ".at", Need::optional, R"("08:00")",
      late_mail == LateMail::settable
          ? "When staff are mailed the morning list and what has one business day left, on "
            "business "
            "days, UTC."
          : "When the morning list is mailed to staff on business days, UTC. (Not yet in effect.)",
      group, &S::at)};
  if (late_mail == LateMail::settable)
    rows.push_back(setting(prefix + ".late_mail", Need::optional, "true",
                           "Whether the reporter is told by mail that an answer is late; staff "
                           "always are. (Not yet in "
                           "effect.)",
                           group, &S::late_mail));
  rows.push_back(path_setting(
      prefix + ".webhooks", Need::optional, "[]",
      R"(Where notices go besides mail: [{"url": "https://…", "secret_file": "…"}]. (Not yet in effect.))",
      group, &S::webhooks));
  return rows;
}

enum class PrivateListen { settable, none };
template <class Config>
std::vector<Setting<Config>> http_settings(const std::string& prefix, std::string_view listen_json,
                                           PrivateListen private_listen,
                                           std::string_view private_listen_json,
                                           HttpSettings Config::*group) {
  using S = HttpSettings;
  std::vector<Setting<Config>> rows{
      setting(prefix + ".listen", Need::optional, listen_json,
              private_listen == PrivateListen::settable
                  ? "Where the pages are served, behind nginx, if there is a public_url."
                  : "Where health and metrics are served: /healthz, /readyz, /metrics.",
              group, &S::listen)};
  if (private_listen == PrivateListen::settable)
    rows.push_back(
        setting(prefix + ".private_listen", Need::optional, private_listen_json,
                "Where health and metrics are served: /healthz, /readyz, /metrics; null = "
                "nowhere.",
                group, &S::private_listen));
  rows.push_back(
      setting(prefix + ".public_url", Need::optional, "null",
              "How the pages are reached from outside: \"https://…\"; null = they are not.", group,
              &S::public_url));
  rows.push_back(setting(
      prefix + ".trusted_proxies", Need::optional, "[]",
      private_listen == PrivateListen::settable
          ? R"(Addresses of proxies whose X-Forwarded-For is believed, such as ["127.0.0.1"].)"
          : R"(Addresses of proxies whose X-Forwarded-For is believed, such as ["127.0.0.1"]. (Not yet in effect.))",
      group, &S::trusted_proxies));
  return rows;
}

}  // namespace trust::config
