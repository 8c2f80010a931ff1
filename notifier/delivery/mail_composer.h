#pragma once

#include "notifier/delivery/announcement_composer.h"

namespace trust::notifier {

/// Composes what the outbox holds without bytes: announcements, and mails that ask to confirm,
/// whose token stands nowhere else.
class MailComposer : public outbox::Composer {
 public:
  /// Outlived by its arguments.
  MailComposer(const Stationery& stationery, const render::MailTemplate& confirmation,
               const Keyring& keyring, const Clock& clock)
      : announcements_{stationery, keyring, clock},
        stationery_{stationery},
        words_{confirmation},
        keyring_{keyring},
        clock_{clock} {}

  Result<std::variant<outbox::Composed, outbox::State>> compose(
      store::Connection& connection, const outbox::ClaimedMail& mail) override;
  Result<std::optional<outbox::State>> still_wanted(store::Connection& connection,
                                                    const outbox::ClaimedMail& mail,
                                                    const outbox::Composed& composed) override;

 private:
  AnnouncementComposer announcements_;
  const Stationery& stationery_;
  const render::MailTemplate& words_;
  const Keyring& keyring_;
  const Clock& clock_;
};

}  // namespace trust::notifier
