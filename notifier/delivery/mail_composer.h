#pragma once

#include <optional>
#include <string>

#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/outbox/worker.h"
#include "notifier/delivery/announcement_mail.h"

namespace trust::notifier {

/// Makes what the outbox holds without bytes when it is sent: a reader's mail, from the
/// announcement's frozen words and from what the list says now, and a mail that asks to confirm,
/// whose token stands nowhere else. A mail whose hold is over and was not released yet is released
/// here, so that the count is verified before the first one leaves. One thread.
class MailComposer final : public outbox::Composer {
 public:
  /// Outlived by its arguments.
  MailComposer(const Stationery& stationery, const render::MailTemplate& confirmation,
               const Keyring& keyring, const Clock& clock)
      : stationery_{stationery}, confirmation_{confirmation}, keyring_{keyring}, clock_{clock} {}

  Result<std::variant<outbox::Composed, outbox::State>> compose(
      store::Connection& connection, const outbox::ClaimedMail& mail) override;
  Result<std::optional<outbox::State>> still_wanted(store::Connection& connection,
                                                    const outbox::ClaimedMail& mail,
                                                    const outbox::Composed& composed) override;

 private:
  Result<std::variant<outbox::Composed, outbox::State>> compose_confirming(
      store::Connection& connection, const outbox::ClaimedMail& mail);
  Status load(store::Connection& connection, const std::string& announcement_id);

  const Stationery& stationery_;
  const render::MailTemplate& confirmation_;
  const Keyring& keyring_;
  const Clock& clock_;
  std::optional<Announcement> announcement_;  ///< the one of the last mail
  std::optional<render::MailTemplate> words_;
};

}  // namespace trust::notifier
