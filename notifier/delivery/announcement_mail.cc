#include "notifier/delivery/announcement_mail.h"

#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/compose.h"

namespace trust::notifier {

namespace {

using render::Variable;

constexpr Variable kVariables[] = {
    {"title", "the post-mortem's title"},
    {"url", "where it stands"},
    {"summary", "its Summary section, plain text"},
    {"type", "security incident, outage or degradation"},
    {"services", "the services it is about, commas between; may be empty"},
    {"start", "2026-03-01 09:12 UTC; may be empty"},
    {"end", "the same; may be empty"},
    {"duration", "51 min; may be empty"},
    {"address", "the reader's address"},
    {"unsubscribe_url", "the reader's own link; empty without http.public_url"},
    {"sender", "the address the mail is from"},
};

constexpr Variable kNoticeVariables[] = {
    {"title", "the post-mortem's title"},
    {"url", "where it stands"},
    {"id", "the announcement's id"},
    {"recipients", "how many readers are told"},
    {"time_needed", "how long that takes at the configured rate"},
    {"hold_until", "when the first mail leaves; empty where staff are asked first"},
    {"several_new", "asked: more than two new pages in one look", Variable::Kind::flag},
    {"old_page", "asked: the page's day is over 30 days ago", Variable::Kind::flag},
    {"mail", "subject and text of the mail to readers"},
};

constexpr Variable kConfirmationVariables[] = {
    {"confirm_url", "the link that confirms; good once, for seven days"},
    {"sender", "the address the mail is from"},
};

constexpr render::MailTemplateInfo kAnnouncement{
    "announcement", "to each confirmed subscriber, when a post-mortem is published", kVariables,
    true};
constexpr render::MailTemplateInfo kNotice{
    "announcement-notice", "to each of staff, at the start of an announcement's hold",
    kNoticeVariables, false};
constexpr render::MailTemplateInfo kConfirmation{
    "confirmation", "to an address for which somebody asked on the page /subscribe",
    kConfirmationVariables, false};

std::string in_words(IncidentType type) {
  switch (type) {
    case IncidentType::security: return "security incident";
    case IncidentType::outage: return "outage";
    case IncidentType::degradation: break;
  }
  return "degradation";
}

/// "2026-03-01 09:12 UTC"
std::string in_words(const std::optional<UtcTime>& time) {
  if (!time) return "";
  std::string text = to_rfc3339(*time).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

/// The ten bytes of 20 hex characters.
std::string ten_bytes(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::string unsubscribe_token(const Reader& reader, const Keyring& keyring) {
  return reader.token_id.empty() ? ""
                                 : keyring.sign(Purpose::unsubscribe, ten_bytes(reader.token_id));
}

std::string unsubscribe_url(const Reader& reader, const Stationery& s, const Keyring& keyring) {
  if (s.public_url.empty() || reader.token_id.empty()) return "";
  return s.public_url + "/unsubscribe?t=" + unsubscribe_token(reader, keyring);
}

mail::Draft draft_from(const Stationery& s, const mail::Address& to, std::string message_id,
                       UtcTime date, render::MailText words) {
  mail::Draft draft{.from = s.from,
                    .to = {to},
                    .reply_to = {},
                    .subject = std::string{cut_utf8(words.subject, 300)},
                    .date = date,
                    .message_id = std::move(message_id),
                    .in_reply_to = {},
                    .references = {},
                    .fields = {{"Auto-Submitted", "auto-generated"}},  // RFC 3834
                    .text = std::move(words.text),
                    .html = std::nullopt,
                    .files = {}};
  if (!words.html.empty()) draft.html = std::move(words.html);
  return draft;
}

}  // namespace

const render::MailTemplateInfo& announcement_template() { return kAnnouncement; }
const render::MailTemplateInfo& notice_template() { return kNotice; }
const render::MailTemplateInfo& confirmation_template() { return kConfirmation; }

Result<render::MailTemplate> frozen_template(const Announcement& a) {
  return render::parse_mail_template(kAnnouncement, a.text_template, a.html_template);
}

Result<render::MailText> words_for(const Announcement& a, const render::MailTemplate& words,
                                   const Reader& reader, const Stationery& s,
                                   const Keyring& keyring) {
  return words.render({{"title", a.title},
                       {"url", a.url},
                       {"summary", a.summary},
                       {"type", in_words(a.type)},
                       {"services", services_text(a.services, ", ")},
                       {"start", in_words(a.start)},
                       {"end", in_words(a.end)},
                       {"duration", duration_text(a.start, a.end)},
                       {"address", reader.address},
                       {"unsubscribe_url", unsubscribe_url(reader, s, keyring)},
                       {"sender", s.from.address}});
}

Result<outbox::Composed> compose_announcement(const Announcement& a,
                                              const render::MailTemplate& words,
                                              const Reader& reader, const std::string& row_id,
                                              const std::string& message_id, const Stationery& s,
                                              const Keyring& keyring) {
  Result<render::MailText> text = words_for(a, words, reader, s, keyring);
  if (!text) return text.error();
  mail::Draft draft =
      draft_from(s, {"", reader.address}, message_id, a.created_at, *std::move(text));
  const std::string token = keyring.sign(Purpose::verp, ten_bytes(row_id));
  draft.fields.emplace_back("List-Id", "<" + s.list_id + ">");  // RFC 2919
  draft.fields.emplace_back("List-Post", "NO");                 // RFC 2369
  draft.fields.emplace_back("Archived-At", "<" + a.url + ">");  // RFC 5064
  draft.fields.emplace_back("X-Trust-Delivery", token);  // resolves abuse reports without addresses
  if (const std::string url = unsubscribe_url(reader, s, keyring); !url.empty()) {  // RFC 8058
    draft.fields.emplace_back("List-Unsubscribe", "<" + url + ">, <mailto:" + s.from.address +
                                                      "?subject=unsubscribe%20" +
                                                      unsubscribe_token(reader, keyring) + ">");
    draft.fields.emplace_back("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  }
  Result<std::string> message = mail::compose(draft);
  if (!message) return message.error();
  return outbox::Composed{
      s.bounce_address.empty() ? s.from.address : replace_all(s.bounce_address, "{token}", token),
      reader.address, *std::move(message)};
}

Result<outbox::Composed> compose_notice(const Notice& notice, const render::MailTemplate& words,
                                        const mail::Address& staff, const std::string& message_id,
                                        const Stationery& s) {
  const Announcement& a = notice.announcement;
  const bool held = a.state == AnnouncementState::held;
  Result<render::MailText> text =
      words.render({{"title", a.title},
                    {"url", a.url},
                    {"id", a.id},
                    {"recipients", std::to_string(a.recipients)},
                    {"time_needed", notice.time_needed},
                    {"hold_until", held ? "" : in_words(std::optional{a.hold_until})},
                    {"several_new", a.held_because == "several_new"},
                    {"old_page", a.held_because == "old_page"},
                    {"mail", notice.example}});
  if (!text) return text.error();
  Result<std::string> message =
      mail::compose(draft_from(s, staff, message_id, a.created_at, *std::move(text)));
  if (!message) return message.error();
  return outbox::Composed{s.from.address, staff.address, *std::move(message)};
}

Result<outbox::Composed> compose_confirmation(const std::string& token, const std::string& address,
                                              const std::string& message_id, UtcTime date,
                                              const render::MailTemplate& words,
                                              const Stationery& s) {
  Result<render::MailText> text = words.render(
      {{"confirm_url", s.public_url + "/confirm?t=" + token}, {"sender", s.from.address}});
  if (!text) return text.error();
  Result<std::string> message =
      mail::compose(draft_from(s, {"", address}, message_id, date, *std::move(text)));
  if (!message) return message.error();
  return outbox::Composed{s.from.address, address, *std::move(message)};
}

}  // namespace trust::notifier
