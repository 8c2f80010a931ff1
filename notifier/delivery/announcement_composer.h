#pragma once

#include <optional>
#include <string>

#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/outbox/worker.h"
#include "notifier/delivery/announcement_mail.h"

namespace trust::notifier {

/// Makes a reader's mail when it is sent, from the announcement's frozen words and from what the
/// list says now. A mail whose hold is over and was not released yet is released here, so that the
/// count is verified before the first one leaves. One thread; `keyring` and `clock` outlive it.
class AnnouncementComposer final : public outbox::Composer {
 public:
  AnnouncementComposer(Stationery stationery, const Keyring& keyring, const Clock& clock)
      : stationery_{std::move(stationery)}, keyring_{keyring}, clock_{clock} {}

  Result<std::variant<outbox::Composed, outbox::State>> compose(
      store::Connection& connection, const outbox::ClaimedMail& mail) override;
  Result<std::optional<outbox::State>> still_wanted(store::Connection& connection,
                                                    const outbox::ClaimedMail& mail,
                                                    const outbox::Composed& composed) override;

 private:
  Status load(store::Connection& connection, const std::string& announcement_id);

  Stationery stationery_;
  const Keyring& keyring_;
  const Clock& clock_;
  std::optional<Announcement> announcement_;  ///< the one of the last mail
  std::optional<render::MailTemplate> words_;
};

}  // namespace trust::notifier
