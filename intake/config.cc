#include "intake/config.h"

#include <filesystem>
#include <utility>

#include "lib/base/text.h"

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

}  // namespace

// Not in the nameless namespace: the table finds them by their argument.
static Status read_value(const Given& given, Config::Envelope& into) {
  using Envelope = Config::Envelope;
  return read_word<Envelope>(given, into, {{"bounce", Envelope::bounce}, {"null", Envelope::null}});
}
static Status read_value(const Given& given, Config::OnServer& into) {
  using OnServer = Config::OnServer;
  return read_word<OnServer>(given, into,
                             {{"keep", OnServer::keep}, {"expunge", OnServer::expunge}});
}

namespace {

std::vector<Setting<Config>> make_table() {
  return config::table<Config>(
      {{
           setting("address", Need::required, R"("security@example.org")",
                   "Where reports arrive; acknowledgments and answers come from it.",
                   &Config::address),
           setting("staff", Need::required, R"([{"address": "ana@example.org", "name": "Ana"}])",
                   "Who answers reports, and is told of new ones by mail.", &Config::staff),
       },
       config::imap_settings("imap", Need::required, &Config::imap),
       config::smtp_settings("smtp", &Config::smtp),
       config::store_settings("store", R"("sqlite:/var/lib/trust-intake/intake.db")",
                              &Config::store),
       {
           path_setting("state_dir", Need::optional, "null",
                        "Folder of the keyring, the lock and what is known of the store; null = beside "
                        "the SQLite file, or /var/lib/trust-intake.",
                        &Config::state_dir_given),
           setting(
               "authentication_results.authserv_id", Need::optional, "null",
               "Whose Authentication-Results (RFC 8601) are believed: the name your mail server "
               "writes at their beginning; null = the topmost of any.",
               &Config::authserv_id_given),
           setting(
               "acknowledge.envelope", Need::optional, R"("bounce")",
               "Envelope sender of acknowledgments: \"bounce\" = a signed address of ours, which "
               "needs plus addressing, or \"null\" = <>.",
               &Config::acknowledge_envelope),
           setting("acknowledge.per_hour", Need::optional, "60",
                   "Acknowledgments per hour to senders that are not authenticated (dmarc=pass).",
                   &Config::acknowledge_per_hour),
           setting("retention.days", Need::optional, "180",
                   "How long mail is kept from its receipt. (Not yet in effect.)",
                   &Config::retention_days),
           setting(
               "retention.server", Need::optional, R"("keep")",
               "What then becomes of it on the mail server: \"keep\" or \"expunge\". (Not yet in "
               "effect.)",
               &Config::retention_server),
           setting("register.url", Need::optional, "null",
                   "The notifier's incidents.json: answers may point only to post-mortems in it. "
                   "Without url and file any https URL is taken, with a warning.",
                   &Config::register_url),
           path_setting("register.file", Need::optional, "null",
                        "The same as a file, where both programs run on one machine.",
                        &Config::register_file),
       },
       config::notice_settings("notices", config::LateMail::settable, &Config::notices),
       {
           setting("own_lists", Need::optional, "[]",
                   "List-Ids of mailing lists that deliver to the address: mail through them is no "
                   "bulk mail.",
                   &Config::own_lists),
           setting(
               "reply_to", Need::optional, "null",
               "Reply-To of our mails, like \"security+{token}@example.org\": answers of reporters "
               "find their case even where a relay changes Message-IDs; needs plus addressing.",
               &Config::reply_to),
       },
       config::http_settings("http", R"("127.0.0.1:8025")", config::PrivateListen::none, "",
                             &Config::http),
       {
           path_setting("templates", Need::optional, "null",
                        "Folder of the words of our mails; null = as installed.",
                        &Config::templates),
           path_setting("holidays", Need::usual, R"("holidays.ics")",
                        "iCalendar file of days that are no business days; without it every Monday "
                        "to Friday counts.",
                        &Config::holidays),
           path_setting("services", Need::usual, R"("services.json")",
                        "The services people report about, with their aliases.", &Config::services),
       }});
}

}  // namespace

std::span<const Setting<Config>> Config::settings() {
  static const std::vector<Setting<Config>> table = make_table();
  return table;
}

std::optional<Problem> Config::check() {
  if (!config::make_strict(address))
    return Problem{"address", "not a plain address; write one like security@example.org"};
  if (auto problem = config::check_staff(staff)) return problem;
  if (auto problem = config::check_login("imap", imap)) return problem;
  if (auto problem = config::check_login("smtp", smtp)) return problem;
  if (imap.watch.empty()) return Problem{"imap.watch", "empty; write [\"INBOX\"] at least"};
  if (retention_days < 1) return Problem{"retention.days", "write a number from 1"};
  if (register_url && register_file)
    return Problem{"register.file", "there beside register.url; remove one of them"};
  if (reply_to)
    if (auto problem = config::check_token_address("reply_to", *reply_to)) return problem;
  for (std::string& list : own_lists) list = to_lower(list);

  authserv_id = authserv_id_given.value_or("");
  const std::string beside = std::filesystem::path{store.url.file()}.parent_path().string();
  state_dir = state_dir_given.value_or(beside.empty() ? "/var/lib/trust-intake" : beside);
  return {};
}

}  // namespace trust::intake
