#include "intake/flow/reading.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "intake/case/case_id.h"
#include "intake/case/mail_store.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cage/json.h"

namespace trust::intake {

namespace {

using nlohmann::json;

/// The raw bytes keep everything; of a long text this much can be searched and shown.
constexpr std::size_t kTextBytes = 1U << 20U;
/// Longer ones are nobody's Message-ID (RFC 5322 2.1.1) and do not fit an index of PostgreSQL's.
constexpr std::size_t kMessageIdBytes = 500;

void cut(std::string& text, std::size_t max_bytes) { text = cut_utf8(text, max_bytes); }

}  // namespace

bool is_our_address(const std::string& address, const Identity& identity) {
  return without_extension(address) == identity.address;
}

Result<bool> parse_stored(const FlowTools& tools, const FlowSettings& settings,
                          const ParseMail& parse, const std::string& mail_id) {
  MailStore mails{tools.connection};
  const Result<std::string> raw = mails.raw(mail_id);
  if (!raw) return raw.error();
  const auto begun = std::chrono::steady_clock::now();
  Result<mail::ParsedMail> parsed = parse(*raw);
  if (!parsed) return parsed.error();
  const auto took = std::chrono::steady_clock::now() - begun;

  cut(parsed->text, kTextBytes);
  cut(parsed->visible_reply, kTextBytes);
  if (parsed->message_id.size() > kMessageIdBytes) parsed->message_id.clear();

  StoredMail mail;
  mail.id = mail_id;
  mail.parsed = cage::to_json(*parsed).dump(-1, ' ', false, json::error_handler_t::replace);
  mail.from_address = sender_of(*parsed, {settings.identity.address}).address.address;
  mail.subject = parsed->subject;
  mail.message_id = parsed->message_id;
  Result<bool> done =
      mails.set_parsed(mail, tools.keyring.digest("content", parsed->content_sha256));
  if (!done || !*done) return done;
  if (parsed->unparsed)
    log(Event::mail_unparsed, {{"mail", mail_id}, {"reason", parsed->unparsed_because}});
  else
    log(Event::mail_parsed,
        {{"mail", mail_id},
         {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
  return true;
}

Result<ReadMail> read_mail(store::Connection& connection, const std::string& mail_id,
                           const FlowSettings& settings, const ServiceBook& services) {
  Result<StoredMail> stored = MailStore{connection}.find(mail_id);
  if (!stored) return stored.error();
  const json object = json::parse(stored->parsed, nullptr, /*allow_exceptions=*/false);
  Result<mail::ParsedMail> parsed = cage::from_json(object);
  if (!parsed) return parsed.error().within("mail " + mail_id);
  const MailContext context{.received = stored->received,
                            .folder = stored->folder,
                            .own_addresses = {settings.identity.address},
                            .own_lists = settings.own_lists,
                            .authserv_id = settings.authserv_id};
  Understood understood = understand(*parsed, context, services);
  return ReadMail{*std::move(stored), *std::move(parsed), std::move(understood)};
}

}  // namespace trust::intake
