#include "notifier/delivery/mail_composer.h"

#include "notifier/subscriber/confirmation_store.h"

namespace trust::notifier {

using outbox::ClaimedMail;
using outbox::Composed;
using outbox::State;

Result<std::variant<Composed, State>> MailComposer::compose(store::Connection& c,
                                                            const ClaimedMail& mail) {
  if (mail.kind != outbox::Kind::confirmation) return announcements_.compose(c, mail);
  ConfirmationStore confirmations{c, keyring_};
  const auto found = confirmations.find_mail(mail.reference, clock_.now());
  if (!found) return found.error();
  if (!*found) return State::left;
  Result<Composed> composed =
      compose_confirmation(confirmations.token_of(mail.reference), (*found)->address,
                           mail.message_id, mail.created, words_, stationery_);
  if (!composed) return composed.error();
  return *std::move(composed);
}

Result<std::optional<State>> MailComposer::still_wanted(store::Connection& c,
                                                        const ClaimedMail& mail,
                                                        const Composed& composed) {
  if (mail.kind != outbox::Kind::confirmation)
    return announcements_.still_wanted(c, mail, composed);
  const auto found = ConfirmationStore{c, keyring_}.find_mail(mail.reference, clock_.now());
  if (!found) return found.error();
  return *found ? std::nullopt : std::optional{State::left};
}

}  // namespace trust::notifier
