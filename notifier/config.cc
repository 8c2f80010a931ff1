#include "notifier/config.h"

#include <filesystem>

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

template <class... Groups>
std::vector<config::Setting<Config>> joined(Groups... groups) {
  std::vector<config::Setting<Config>> all;
  (all.insert(all.end(), groups.begin(), groups.end()), ...);
  return all;
}

/// The mailbox of what comes back may be left out whole; null shows that in the sample.
std::vector<config::Setting<Config>> bounces_imap() {
  std::vector<config::Setting<Config>> rows = config::imap_settings<Config>(
      "bounces.imap", Need::usual, [](Config & c) -> auto& { return c.bounces.imap; });
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
  using Rows = std::vector<config::Setting<Config>>;
  return joined(
      Rows{setting<Config>(
               "from", Need::required, R"("Example Trust <trust@example.org>")",
               "Who the mails are from: an address, with a name before it if you like.",
               [](Config & c) -> auto& { return c.from; }),
           setting<Config>(
               "staff", Need::required, R"([{"address": "ana@example.org", "name": "Ana"}])",
               "Who may act, and who is told of each announcement before it leaves.",
               [](Config & c) -> auto& { return c.staff; }),
           path_setting<Config>(
               "state_dir", Need::optional, "null",
               "Folder of the keyring and the lock; null = beside the SQLite file.",
               [](Config & c) -> auto& { return c.state_dir_setting; })},
      config::smtp_settings<Config>(
          "smtp", [](Config & c) -> auto& { return c.smtp; }),
      config::store_settings<Config>(
          "store", R"("sqlite:/var/lib/trust-notifier/notifier.db")",
          [](Config & c) -> auto& { return c.store; }),
      Rows{setting<Config>(
               "site.base_url", Need::required, R"("https://docs.example.org/trust/incidents/")",
               "Where the post-mortems are published; only pages below it are announced.",
               [](Config & c) -> auto& { return c.site.base_url; }),
           path_setting<Config>(
               "site.folder", Need::usual, R"("/srv/docs/trust/incidents")",
               "Folder with the post-mortems as Markdown, watched for new ones; without "
               "it, the live history page is watched.",
               [](Config & c) -> auto& { return c.site.folder; }),
           setting<Config>(
               "site.check_live", Need::optional, "true",
               "Whether the live page must answer before anyone is told of a page in the "
               "folder.",
               [](Config & c) -> auto& { return c.site.check_live; }),
           setting<Config>(
               "site.article", Need::optional,
               R"(".sl-markdown-content, main .content, article, main")",
               "Where the text stands on a page: the first of these selectors that matches.",
               [](Config & c) -> auto& { return c.site.article; }),
           setting<Config>(
               "site.poll", Need::optional, R"("60s")", "How often to look.",
               [](Config & c) -> auto& { return c.site.poll; }),
           path_setting<Config>(
               "site.ca_file", Need::optional, "null",
               "Certificate authority that signed the site; null = the system's.",
               [](Config & c) -> auto& { return c.site.ca_file; }),
           setting<Config>(
               "announce.hold", Need::optional, R"("10m")",
               "How long staff can cancel an announcement before the first mail leaves.",
               [](Config & c) -> auto& { return c.hold; }),
           setting<Config>(
               "bounces.address", Need::optional, "null",
               "Envelope sender of announcements, \"bounces+{token}@example.org\"; null = "
               "the address of `from`.",
               [](Config & c) -> auto& { return c.bounces.address; })},
      bounces_imap(),
      config::http_settings<Config>(
          "http", R"("127.0.0.1:8026")", PrivateListen::settable, R"("127.0.0.1:8027")",
          [](Config & c) -> auto& { return c.http; }),
      Rows{setting<Config>(
               "list_id", Need::optional, "null",
               "List-Id of the mails (RFC 2919), such as \"incidents.example.org\"; null = "
               "\"incidents.\" and the domain of `from`.",
               [](Config & c) -> auto& { return c.list_id_setting; }),
           path_setting<Config>(
               "services", Need::optional, "null",
               "File that names the services and their other names. (Not yet in effect: names are "
               "compared as they are written.)",
               [](Config & c) -> auto& { return c.services; }),
           path_setting<Config>(
               "templates", Need::optional, "null",
               "Folder with the words of the mails; null = those that were installed.",
               [](Config & c) -> auto& { return c.templates; })},
      config::notice_settings<Config>(
          "notices", LateMail::none, [](Config & c) -> auto& { return c.notices; }),
      Rows{setting<Config>(
          "dns.resolver", Need::optional, "null",
          "Name server that `doctor` asks; null = the system's. (Not yet in effect.)",
          [](Config & c) -> auto& { return c.resolver; })});
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

std::optional<Problem> check_staff(Config& c) {
  if (c.staff.empty()) return Problem{"staff", "empty; name at least one person"};
  for (config::Person& person : c.staff) {
    const Result<std::string> strict = mail::strict_address(person.address);
    if (!strict) return Problem{"staff", strict.error().text()};
    person.address = *strict;
  }
  return std::nullopt;
}

/// RFC 2919: dot-atom text with at least one dot.
bool is_list_id(std::string_view text) {
  if (text.empty() || text.size() > 255 || text.find('.') == std::string_view::npos) return false;
  for (const std::string_view label : split(text, '.'))
    if (label.empty() ||
        label.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_") != std::string_view::npos)
      return false;
  return true;
}

std::optional<Problem> check_bounces(const Config& c) {
  if (c.bounces.address) {
    const std::string& address = *c.bounces.address;
    constexpr std::string_view kToken = "{token}";
    const std::size_t at = address.find(kToken);
    // A token is 34 characters long.
    if (at == std::string::npos ||
        !mail::strict_address(replace_all(address, kToken, std::string(34, 'a'))))
      return Problem{"bounces.address",
                     "write it as \"bounces+{token}@DOMAIN\"; before the @ at most "
                     "37 characters, {token} included"};
  }
  if (c.bounces.imap.url.text.empty()) return std::nullopt;
  return config::check_login("bounces.imap", c.bounces.imap);
}

}  // namespace

std::span<const config::Setting<Config>> Config::settings() {
  static const std::vector<config::Setting<Config>> rows = table();
  return rows;
}

std::optional<Problem> Config::check() {
  if (auto problem = check_sender(*this)) return problem;
  if (auto problem = check_staff(*this)) return problem;
  if (auto problem = config::check_login("smtp", smtp)) return problem;
  if (smtp.divert) {
    const Result<std::string> strict = mail::strict_address(*smtp.divert);
    if (!strict) return Problem{"smtp.divert", strict.error().text()};
    smtp.divert = *strict;
  }
  if (auto problem = check_bounces(*this)) return problem;
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

std::vector<std::string> Config::staff_addresses() const {
  std::vector<std::string> addresses;
  for (const config::Person& person : staff) addresses.push_back(person.address);
  return addresses;
}

}  // namespace trust::notifier
