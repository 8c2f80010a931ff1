#include "intake/config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "lib/base/text.h"
#include "lib/mail/address.h"

namespace trust::intake {

using config::Given;
using config::Need;
using config::path_setting;
using config::Problem;
using config::Setting;
using config::setting;

namespace {

/// A value that is one of a few words.
template <class Value>
Status read_word(const Given& given, Value& into,
                 std::initializer_list<std::pair<std::string_view, Value>> words) {
  std::string word;
  if (Status read = config::read_value(given, word); !read) return read;
  std::string known;
  for (const auto& [name, value] : words) {
    if (word == name) {
      into = value;
      return ok();
    }
    known += (known.empty() ? "\"" : " or \"") + std::string{name} + "\"";
  }
  return Error{Fault::invalid, "write " + known};
}

Setting<Config> word_setting(std::string key, std::string_view default_json, std::string_view doc,
                             std::function<Status(Config&, const Given&)> fill) {
  return {std::move(key), Need::optional, default_json, doc, std::move(fill)};
}

std::vector<Setting<Config>> make_table() {
  using S = Setting<Config>;
  std::vector<S> rows{
      setting<Config>(
          "address", Need::required, R"("security@example.org")",
          "Where reports arrive; acknowledgments and answers come from it.",
          [](Config & c) -> auto& { return c.address; }),
      setting<Config>(
          "staff", Need::required, R"([{"address": "ana@example.org", "name": "Ana"}])",
          "Who answers reports, and is told of new ones by mail.",
          [](Config & c) -> auto& { return c.staff; }),
  };
  const auto append = [&rows](std::vector<S> more) {
    std::move(more.begin(), more.end(), std::back_inserter(rows));
  };
  append(config::imap_settings<Config>(
      "imap", Need::required, [](Config & c) -> auto& { return c.imap; }));
  append(config::smtp_settings<Config>(
      "smtp", [](Config & c) -> auto& { return c.smtp; }));
  append(config::store_settings<Config>(
      "store", R"("sqlite:/var/lib/trust-intake/intake.db")",
      [](Config & c) -> auto& { return c.store; }));
  append({
      path_setting<Config>(
          "state_dir", Need::optional, "null",
          "Folder of the keyring and the lock; null = beside the SQLite file, or "
          "/var/lib/trust-intake.",
          [](Config & c) -> auto& { return c.state_dir_given; }),
      setting<Config>(
          "authentication_results.authserv_id", Need::optional, "null",
          "Whose Authentication-Results (RFC 8601) are believed: the name your mail server "
          "writes at their beginning; null = the topmost of any.",
          [](Config & c) -> auto& { return c.authserv_id_given; }),
      word_setting(
          "acknowledge.envelope", R"("bounce")",
          "Envelope sender of acknowledgments: \"bounce\" = a signed address of ours, which "
          "needs plus addressing, or \"null\" = <>.",
          [](Config& c, const Given& given) {
            using Envelope = Config::Envelope;
            return read_word<Envelope>(given, c.acknowledge_envelope,
                                       {{"bounce", Envelope::bounce}, {"null", Envelope::null}});
          }),
      setting<Config>(
          "acknowledge.per_hour", Need::optional, "60",
          "Acknowledgments per hour to senders that are not authenticated (dmarc=pass).",
          [](Config & c) -> auto& { return c.acknowledge_per_hour; }),
      setting<Config>(
          "retention.days", Need::optional, "180",
          "How long mail is kept from its receipt. (Not yet in effect.)",
          [](Config & c) -> auto& { return c.retention_days; }),
      word_setting(
          "retention.server", R"("keep")",
          "What then becomes of it on the mail server: \"keep\" or \"expunge\". (Not yet in "
          "effect.)",
          [](Config& c, const Given& given) {
            using OnServer = Config::OnServer;
            return read_word<OnServer>(given, c.retention_server,
                                       {{"keep", OnServer::keep}, {"expunge", OnServer::expunge}});
          }),
      setting<Config>(
          "register.url", Need::optional, "null",
          "The notifier's incidents.json: answers may point only to post-mortems in it. "
          "Without url and file any https URL is taken, with a warning.",
          [](Config & c) -> auto& { return c.register_url; }),
      path_setting<Config>(
          "register.file", Need::optional, "null",
          "The same as a file, where both programs run on one machine.",
          [](Config & c) -> auto& { return c.register_file; }),
  });
  append(config::notice_settings<Config>(
      "notices", config::LateMail::settable, [](Config & c) -> auto& { return c.notices; }));
  append({
      setting<Config>(
          "own_lists", Need::optional, "[]",
          "List-Ids of mailing lists that deliver to the address: mail through them is no "
          "bulk mail.",
          [](Config & c) -> auto& { return c.own_lists; }),
      setting<Config>(
          "reply_to", Need::optional, "null",
          "Reply-To of our mails, like \"security+{token}@example.org\": answers of reporters "
          "find their case even where a relay changes Message-IDs; needs plus addressing.",
          [](Config & c) -> auto& { return c.reply_to; }),
  });
  append(config::http_settings<Config>(
      "http", R"("127.0.0.1:8025")", config::PrivateListen::none, "",
      [](Config & c) -> auto& { return c.http; }));
  append({
      path_setting<Config>(
          "templates", Need::optional, "null",
          "Folder of the words of our mails; null = as installed.",
          [](Config & c) -> auto& { return c.templates; }),
      path_setting<Config>(
          "holidays", Need::usual, R"("holidays.ics")",
          "iCalendar file of days that are no business days; without it every Monday "
          "to Friday counts.",
          [](Config & c) -> auto& { return c.holidays; }),
      path_setting<Config>(
          "services", Need::usual, R"("services.json")",
          "The services people report about, with their aliases.",
          [](Config & c) -> auto& { return c.services; }),
  });
  return rows;
}

/// Replaces an address by its strict form; false if it is none.
bool make_strict(std::string& address) {
  Result<std::string> strict = mail::strict_address(address);
  if (!strict) return false;
  address = *std::move(strict);
  return true;
}

std::optional<Problem> check_staff(std::vector<config::Person>& staff) {
  if (staff.empty())
    return Problem{"staff", "empty; write at least one, like [{\"address\": \"ana@example.org\"}]"};
  std::vector<std::string> seen;
  for (config::Person& person : staff) {
    const std::string place = "entry " + std::to_string(seen.size() + 1);
    if (!make_strict(person.address))
      return Problem{"staff", place + ": address: not a plain address like ana@example.org"};
    if (std::find(seen.begin(), seen.end(), person.address) != seen.end())
      return Problem{"staff", place + ": address: there twice; remove one of them"};
    seen.push_back(person.address);
  }
  return {};
}

std::optional<Problem> check_reply_to(const std::string& pattern) {
  const std::string token(34, 'a');  // as long as a real one
  const std::string address = replace_all(pattern, "{token}", token);
  if (address != pattern && mail::strict_address(address)) return {};
  return Problem{"reply_to",
                 "not an address with {token}; write one like "
                 "\"security+{token}@example.org\""};
}

}  // namespace

std::span<const Setting<Config>> Config::settings() {
  static const std::vector<Setting<Config>> table = make_table();
  return table;
}

std::optional<Problem> Config::check() {
  if (!make_strict(address))
    return Problem{"address", "not a plain address; write one like security@example.org"};
  if (auto problem = check_staff(staff)) return problem;
  if (auto problem = config::check_login("imap", imap)) return problem;
  if (auto problem = config::check_login("smtp", smtp)) return problem;
  for (const auto& [key, oauth] :
       {std::pair{"imap.oauth", &imap.oauth}, {"smtp.oauth", &smtp.oauth}})
    if (*oauth) return Problem{key, "not yet supported; use password_file"};
  if (imap.watch.empty()) return Problem{"imap.watch", "empty; write [\"INBOX\"] at least"};
  if (smtp.connections < 1 || smtp.connections > 50)
    return Problem{"smtp.connections", "write a number from 1 to 50"};
  if (smtp.divert && !make_strict(*smtp.divert))
    return Problem{"smtp.divert", "not a plain address; write one like trial@example.org"};
  if (retention_days < 1) return Problem{"retention.days", "write a number from 1"};
  if (register_url && register_file)
    return Problem{"register.file", "there beside register.url; remove one of them"};
  if (reply_to)
    if (auto problem = check_reply_to(*reply_to)) return problem;
  for (std::string& list : own_lists) list = to_lower(list);

  authserv_id = authserv_id_given.value_or("");
  const std::string beside = std::filesystem::path{store.url.file()}.parent_path().string();
  state_dir = state_dir_given.value_or(beside.empty() ? "/var/lib/trust-intake" : beside);
  return {};
}

std::vector<std::string> Config::staff_addresses() const {
  std::vector<std::string> addresses;
  for (const config::Person& person : staff) addresses.push_back(person.address);
  return addresses;
}

std::string Config::name_of_staff(std::string_view who) const {
  for (const config::Person& person : staff)
    if (person.address == who) return person.name;
  return {};
}

}  // namespace trust::intake
