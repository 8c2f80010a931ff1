#include "notifier/config.h"

#include <filesystem>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/address.h"

namespace trust::notifier {

namespace {

using config::LateMail;
using config::Need;
using config::path_setting;
using config::PrivateListen;
using config::Problem;
using config::setting;

/// The mailbox of what comes back may be left out whole; null shows that in the sample.
std::vector<config::Setting<Config>> bounces_imap() {
  std::vector<config::Setting<Config>> rows =
      config::imap_settings("bounces.imap", Need::usual, &Config::bounces, &Config::Bounces::imap);
  for (config::Setting<Config>& row : rows) {
    if (row.need != Need::usual) continue;
    row.need = Need::optional;
    row.default_json = "null";
    row.fill = [fill = row.fill](Config& c, const config::Given& given) {
      return given.type == config::Given::Type::null ? ok() : fill(c, given);
    };
  }
  rows.front().doc = "The mailbox of bounces and replies; null = none. (Not yet in effect.)";
  return rows;
}

std::vector<config::Setting<Config>> table() {
  return config::table<Config>(
      {{setting("from", Need::required, R"("Example Trust <trust@example.org>")",
                "Who the mails are from: an address, with a name before it if you like.",
                &Config::from),
        setting("staff", Need::required, R"([{"address": "ana@example.org", "name": "Ana"}])",
                "Who may act, and who is told of each announcement before it leaves.",
                &Config::staff),
        path_setting("state_dir", Need::optional, "null",
                     "Folder of the keyring, the lock and what is known of the store; null = beside "
                     "the SQLite file.",
                     &Config::state_dir_setting)},
       config::smtp_settings("smtp", &Config::smtp),
       config::store_settings("store", R"("sqlite:/var/lib/trust-notifier/notifier.db")",
                              &Config::store),
       {setting("site.base_url", Need::required, R"("https://docs.example.org/trust/incidents/")",
                "Where the post-mortems are published; only pages below it are announced.",
                &Config::site, &Config::Site::base_url),
        path_setting("site.folder", Need::usual, R"("/srv/docs/trust/incidents")",
                     "Folder with the post-mortems as Markdown, watched for new ones; without "
                     "it, the live history page is watched.",
                     &Config::site, &Config::Site::folder),
        setting("site.check_live", Need::optional, "true",
                "Whether the live page must answer before anyone is told of a page in the "
                "folder.",
                &Config::site, &Config::Site::check_live),
        setting("site.article", Need::optional,
                R"(".sl-markdown-content, main .content, article, main")",
                "Where the text stands on a page: the first of these selectors that matches.",
                &Config::site, &Config::Site::article),
        setting("site.poll", Need::optional, R"("60s")", "How often to look.", &Config::site,
                &Config::Site::poll),
        path_setting("site.ca_file", Need::optional, "null",
                     "Certificate authority that signed the site; null = the system's.",
                     &Config::site, &Config::Site::ca_file),
        setting("announce.hold", Need::optional, R"("10m")",
                "How long staff can cancel an announcement before the first mail leaves.",
                &Config::hold),
        setting("bounces.address", Need::optional, "null",
                "Envelope sender of announcements, \"bounces+{token}@example.org\"; null = "
                "the address of `from`.",
                &Config::bounces, &Config::Bounces::address)},
       bounces_imap(),
       config::http_settings("http", R"("127.0.0.1:8026")", PrivateListen::settable,
                             R"("127.0.0.1:8027")", &Config::http),
       {setting("list_id", Need::optional, "null",
                "List-Id of the mails (RFC 2919), such as \"incidents.example.org\"; null = "
                "\"incidents.\" and the domain of `from`.",
                &Config::list_id_setting),
        path_setting(
            "services", Need::optional, "null",
            "File that names the services: the choice on the page /subscribe; null = no choice. "
            "(Their other names are not yet in effect.)",
            &Config::services),
        path_setting("templates", Need::optional, "null",
                     "Folder with the words of the mails; null = those that were installed.",
                     &Config::templates)},
       config::notice_settings("notices", LateMail::none, &Config::notices),
       {setting("dns.resolver", Need::optional, "null",
                "Name server that `doctor` asks; null = the system's. (Not yet in effect.)",
                &Config::resolver)}});
}

std::optional<Problem> check_sender(Config& c) {
  const std::vector<mail::Address> found = mail::parse_address_list(c.from);
  if (found.size() != 1)
    return Problem{"from", "not one address; write \"ADDRESS\" or \"Name <ADDRESS>\""};
  const Result<std::string> strict = mail::strict_address(found.front().address);
  if (!strict) return Problem{"from", strict.error().text()};
  c.sender = {found.front().name, *strict};
  return std::nullopt;
}

/// RFC 2919: dot-atom text with at least one dot.
bool is_list_id(std::string_view text) {
  if (text.empty() || text.size() > 255 || text.find('.') == std::string_view::npos) return false;
  for (const std::string_view label : split(text, '.'))
    if (label.empty() || !all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; }))
      return false;
  return true;
}

}  // namespace

std::span<const config::Setting<Config>> Config::settings() {
  static const std::vector<config::Setting<Config>> rows = table();
  return rows;
}

std::optional<Problem> Config::check() {
  if (auto problem = check_sender(*this)) return problem;
  if (auto problem = config::check_staff(staff)) return problem;
  if (auto problem = config::check_login("smtp", smtp)) return problem;
  if (bounces.address)
    if (auto problem = config::check_token_address("bounces.address", *bounces.address))
      return problem;
  if (auto problem = config::check_login("bounces.imap", bounces.imap)) return problem;
  if (!site.base_url.text.ends_with('/')) site.base_url.text += '/';
  list_id = list_id_setting.value_or("incidents." + std::string{mail::domain_of(sender.address)});
  if (!is_list_id(list_id))
    return Problem{"list_id",
                   "letters, digits, - and at least one dot, like incidents.example.org"};
  state_dir = state_dir_setting.value_or("");
  if (state_dir.empty() && store.url.is_sqlite())
    state_dir = std::filesystem::path{store.url.file()}.parent_path().string();
  if (state_dir.empty())
    return Problem{"state_dir", "missing; with PostgreSQL it says where the keyring is kept"};
  return std::nullopt;
}

}  // namespace trust::notifier
