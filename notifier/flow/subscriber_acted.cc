#include "notifier/flow/subscriber_acted.h"

#include "lib/base/log.h"
#include "lib/mail/address.h"
#include "lib/outbox/outbox_store.h"
#include "lib/store/transact.h"
#include "notifier/subscriber/subscriber_store.h"

namespace trust::notifier {

namespace {

/// The reader who is now mailed; nothing: nobody is.
Result<std::optional<Subscriber>> ask(store::Connection& c, const Keyring& keyring,
                                      const Asking& asking, const ConfirmationBudget& budget,
                                      UtcTime now) {
  const std::optional<Subscriber> nobody;
  ConfirmationStore confirmations{c, keyring};
  SubscriberStore list{c, keyring};
  if (Status begun = confirmations.begin_asking(now); !begun) return begun.error();
  // The same questions for an address that is none.
  const Result<std::string> strict = mail::strict_address(asking.address);
  const std::string address = strict ? *strict : asking.address;
  const Result<bool> never = list.is_suppressed(address);
  if (!never) return never.error();
  const Result<std::optional<Subscriber>> there = list.find(address);
  if (!there) return there.error();
  const Result<bool> may = confirmations.may_ask(*there ? (*there)->id : "", budget, now);
  if (!may) return may.error();
  const SubscriberState was = *there ? (*there)->state : SubscriberState::left;
  if (!strict || *never || !*may || was == SubscriberState::confirmed ||
      was == SubscriberState::suppressed)
    return nobody;
  Result<Subscriber> asked = list.ask(address, asking.services, {asking.consent, "page", now});
  if (!asked) return asked.error();
  const Result<std::string> id = confirmations.add(asked->id, now);
  if (!id) return id.error();
  const Result<bool> queued = outbox::OutboxStore{c}.add({outbox::Kind::confirmation,
                                                          *id,
                                                          {},
                                                          {},
                                                          {},
                                                          *id + "@" + asking.mail_domain,
                                                          now,
                                                          now + kConfirmationLife},
                                                         now);
  if (!queued) return queued.error();
  return std::optional{*std::move(asked)};
}

void log_change(const Subscriber& now_is) {
  log(Event::subscriber_changed, {{"subscriber", now_is.id}, {"state", name_of(now_is.state)}});
}

}  // namespace

// If we die here before the commit, then nothing is there and the reader may ask again; after it,
// the mail leaves when the outbox comes to it.
Result<bool> subscriber_asked(store::Connection& store, const Keyring& keyring,
                              const Asking& asking, const ConfirmationBudget& budget, UtcTime now) {
  const auto asked = store::transact(
      store, [&](store::Connection& c) { return ask(c, keyring, asking, budget, now); });
  if (!asked) return asked.error();
  if (*asked) log(Event::confirmation_queued, {{"subscriber", (*asked)->id}});
  return asked->has_value();
}

Result<bool> may_confirm(store::Connection& store, const Keyring& keyring, std::string_view token,
                         UtcTime now) {
  const auto found = ConfirmationStore{store, keyring}.find(token, now);
  if (!found) return found.error();
  return found->has_value();
}

// Spending the token and confirming are one transaction: if we die here, then neither is done.
Result<bool> subscriber_confirmed(store::Connection& store, const Keyring& keyring,
                                  std::string_view token, UtcTime now) {
  const auto confirmed = store::transact(store, [&](store::Connection& c) -> Result<Subscriber> {
    ConfirmationStore confirmations{c, keyring};
    const auto found = confirmations.find(token, now);
    if (!found) return found.error();
    if (!*found) return Error{Fault::not_found, "no such token"};
    if (Status spent = confirmations.spend((*found)->subscriber_id); !spent) return spent.error();
    return SubscriberStore{c, keyring}.confirm((*found)->address, {"", "page", now});
  });
  if (confirmed) {
    log_change(*confirmed);
    return true;
  }
  const Fault fault = confirmed.error().fault();
  if (fault == Fault::not_found || fault == Fault::conflict) return false;
  return confirmed.error();
}

Result<bool> subscriber_left(store::Connection& store, const Keyring& keyring,
                             std::string_view token, UtcTime now) {
  const std::optional<std::string> id = keyring.verify(Purpose::unsubscribe, token);
  if (!id) return false;
  const auto left = store::transact(store, [&](store::Connection& c) -> Result<Subscriber> {
    SubscriberStore list{c, keyring};
    const Result<std::string> address = list.address_of(*id);
    return address ? list.leave(*address, now) : address.error();
  });
  if (left) {
    log_change(*left);
    return true;
  }
  if (left.error().fault() == Fault::not_found) return false;
  return left.error();
}

}  // namespace trust::notifier
