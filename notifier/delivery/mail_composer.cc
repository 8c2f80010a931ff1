#include "notifier/delivery/mail_composer.h"

#include "notifier/announcement/announcement_store.h"
#include "notifier/delivery/delivery_store.h"
#include "notifier/subscriber/confirmation_store.h"

namespace trust::notifier {

namespace {

using outbox::ClaimedMail;
using outbox::Composed;
using outbox::State;
using store::Engine;
using store::Row;
using store::Rows;
using store::Sql;

constexpr Sql kReader{"get_reader", R"sql(
    SELECT s.state, s.address, s.token_id, a.state FROM announcement a LEFT JOIN subscriber s ON s.id = $1
    WHERE a.id = $2)sql",
                      "tttt"};

// In the transaction that marks the mail `sending`, nobody may leave and nobody may cancel between
// this read and the mark (SEC-68): SQLite has one writer, PostgreSQL locks the two rows.
constexpr Sql kReaderLocked{"get_reader_locked", R"sql(
    SELECT s.state, s.address, s.token_id, a.state FROM announcement a JOIN subscriber s ON s.id = $1
    WHERE a.id = $2 FOR SHARE)sql",
                            "tttt"};

constexpr Sql kSuppressed{"is_reader_suppressed",
                          "SELECT reason FROM suppression WHERE address_digest = $1", "t"};

/// Why `row` (of one of the two above) is not to be written to; nothing: it is.
Result<std::optional<State>> reason_against(store::Connection& c, const Keyring& keyring,
                                            const Rows& rows) {
  if (rows.empty()) return std::optional{State::left};
  const Row& row = rows.front();
  if (row[3].text() == name_of(AnnouncementState::cancelled))
    return std::optional{State::cancelled};
  if (row[0].text() == "suppressed") return std::optional{State::suppressed};
  if (row[0].text() != "confirmed") return std::optional{State::left};
  const Result<Rows> never = c.query(kSuppressed, {keyring.digest("suppression", row[1].text())});
  if (!never) return never.error();
  return never->empty() ? std::nullopt : std::optional{State::suppressed};
}

}  // namespace

Status MailComposer::load(store::Connection& c, const std::string& id) {
  if (announcement_ && announcement_->id == id) return ok();
  announcement_.reset();
  Result<std::optional<Announcement>> found = AnnouncementStore{c}.find(id);
  if (!found) return found.error();
  if (!*found) return Error{Fault::internal, "a delivery without its announcement"};
  Result<render::MailTemplate> words = frozen_template(**found);
  if (!words) return words.error();
  announcement_ = *std::move(*found);
  words_ = *std::move(words);
  return ok();
}

Result<std::variant<Composed, State>> MailComposer::compose_confirming(store::Connection& c,
                                                                       const ClaimedMail& mail) {
  ConfirmationStore confirmations{c, keyring_};
  const auto found = confirmations.find_mail(mail.reference, clock_.now());
  if (!found) return found.error();
  if (!*found) return State::left;
  Result<Composed> composed =
      compose_confirmation(confirmations.token_of(mail.reference), (*found)->address,
                           mail.message_id, mail.created, confirmation_, stationery_);
  if (!composed) return composed.error();
  return *std::move(composed);
}

Result<std::variant<Composed, State>> MailComposer::compose(store::Connection& c,
                                                            const ClaimedMail& mail) {
  if (mail.kind == outbox::Kind::confirmation) return compose_confirming(c, mail);
  const Result<Rows> rows = c.query(kReader, {mail.reader, mail.batch});
  if (!rows) return rows.error();
  const Result<std::optional<State>> against = reason_against(c, keyring_, *rows);
  if (!against) return against.error();
  if (*against) return **against;
  const std::string& standing = rows->front()[3].text();
  if (standing == name_of(AnnouncementState::holding)) {
    const Result<bool> released = DeliveryStore{c}.release(mail.batch, clock_.now());
    // Whatever is wrong with it, no mail is lost over it: the rows wait.
    if (!released) return Error{Fault::unavailable, released.error().text()};
  } else if (standing == name_of(AnnouncementState::held)) {
    return Error{Fault::unavailable, "staff are asked first"};
  }
  // Nor over words that this version of the program cannot read: staff can cancel and announce
  // anew.
  if (Status loaded = load(c, mail.batch); !loaded)
    return Error{Fault::unavailable, loaded.error().text()};
  const Reader reader{rows->front()[1].text(), rows->front()[2].text()};
  Result<Composed> composed = compose_announcement(*announcement_, *words_, reader, mail.id,
                                                   mail.message_id, stationery_, keyring_);
  if (!composed) return composed.error();
  return *std::move(composed);
}

Result<std::optional<State>> MailComposer::still_wanted(store::Connection& c,
                                                        const ClaimedMail& mail,
                                                        const Composed& composed) {
  if (mail.kind == outbox::Kind::confirmation) {
    const auto found = ConfirmationStore{c, keyring_}.find_mail(mail.reference, clock_.now());
    if (!found) return found.error();
    return *found ? std::nullopt : std::optional{State::left};
  }
  const Result<Rows> rows =
      c.query(c.engine() == Engine::sqlite ? kReader : kReaderLocked, {mail.reader, mail.batch});
  if (!rows) return rows.error();
  Result<std::optional<State>> against = reason_against(c, keyring_, *rows);
  if (!against || *against) return against;
  // Another address since the mail was made: this mail is not for it, the next sending is.
  if (rows->front()[1].text() != composed.recipient)
    return Error{Fault::conflict, "the reader's address was changed just now"};
  return std::optional<State>{};
}

}  // namespace trust::notifier
