#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/token.h"
#include "lib/mail/message.h"
#include "lib/outbox/worker.h"
#include "lib/render/mail_template.h"
#include "notifier/announcement/announcement.h"

namespace trust::notifier {

/// What every mail of this installation has in common.
struct Stationery {
  mail::Address from;
  std::string list_id;         ///< without <>
  std::string bounce_address;  ///< with {token}; "": bounces come back to `from`
  std::string public_url;      ///< https, without its last slash; "": no unsubscribe page
};

/// Who a mail is for.
struct Reader {
  std::string address;
  std::string token_id;  ///< 20 hex characters; "": a trial mail, without links of its own
};

/// "announcement" (to readers) and "announcement-notice" (to staff, before it leaves): what
/// `templates` prints.
const render::MailTemplateInfo& announcement_template();
const render::MailTemplateInfo& notice_template();
/// "confirmation": to an address for which somebody asked on the page.
const render::MailTemplateInfo& confirmation_template();

/// The words frozen with an announcement. Fault::invalid: they are no template of ours.
Result<render::MailTemplate> frozen_template(const Announcement& announcement);

/// The mail of delivery `row_id` (20 hex characters) as it goes over the wire. The same arguments
/// give the same bytes, so that a second sending is the same mail.
Result<outbox::Composed> compose_announcement(const Announcement& announcement,
                                              const render::MailTemplate& words,
                                              const Reader& reader, const std::string& row_id,
                                              const std::string& message_id,
                                              const Stationery& stationery, const Keyring& keyring);

/// What staff are told when an announcement is made: page, count, time, the mail, how to stop it.
struct Notice {
  const Announcement& announcement;
  std::string time_needed;
  std::string example;  ///< the text of the mail
};
Result<outbox::Composed> compose_notice(const Notice& notice, const render::MailTemplate& words,
                                        const mail::Address& staff, const std::string& message_id,
                                        const Stationery& stationery);

/// What asks `address` to confirm: not a word of whoever asked, and no way to leave what nobody is
/// on. The same arguments give the same bytes. REQUIRES a public_url.
Result<outbox::Composed> compose_confirmation(const std::string& token, const std::string& address,
                                              const std::string& message_id, UtcTime date,
                                              const render::MailTemplate& words,
                                              const Stationery& stationery);

/// The subject and text of the mail for `reader`, to be shown to people.
Result<render::MailText> words_for(const Announcement& announcement,
                                   const render::MailTemplate& words, const Reader& reader,
                                   const Stationery& stationery, const Keyring& keyring);

}  // namespace trust::notifier
