#pragma once

/// intake/mailbox: from a mailbox to stored raw mail, each mail exactly once.
///   ledger.h  ledger_store.*  every UID a server ever showed us and its outcome; its only SQL
///   sync.*                    one look at one folder
///   audit.*                   mailbox against ledger
/// Promise: the mailbox is only read (EXAMINE, BODY.PEEK). The raw bytes and their ledger row are
/// one transaction; nothing else happens to a mail before it. The ledger, not a flag and not the
/// highest UID, says what is new. Not here: what a mail means (report/, flow/).

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/mail/mailbox.h"
#include "lib/store/database.h"

namespace trust::intake {

/// Where in the world a UID stands.
struct FolderKey {
  std::string account;  ///< user@host
  std::string folder;
  std::uint32_t uidvalidity = 0;
};

/// `imap.from`: what is taken in at the first look.
struct FirstLook {
  enum class From { now, all, date } from = From::now;
  UtcTime since;  ///< for date
};

struct SyncSettings {
  std::string account;
  FirstLook first_look;
  std::uint64_t max_bytes = 40U << 20U;
  int batch = 50;  ///< mails per FETCH
  /// Older than this at the first look is not "recent": start of the last 3 business days.
  UtcTime recent_since;
  /// False: only UIDs above the highest known one are listed; enough between whole looks.
  bool whole = true;
};

/// What one look found.
struct Synced {
  int stored = 0;
  int known = 0;        ///< had a ledger row already
  int same_bytes = 0;   ///< new UID, bytes we have
  int before_us = 0;    ///< entered at the first look, not fetched
  int recent = 0;       ///< of these, arrived since `recent_since`
  int quarantined = 0;  ///< the server gave no whole body, twice
  int purged = 0;       ///< new UID, bytes that were deleted here on purpose
  int gone = 0;         ///< listed, and no longer there when its bytes were asked for
};

/// One look at one folder: lists all its UIDs, compares with the ledger, fetches what is new and
/// stores it. `stored` is called after each commit with the mail's id. Safe to repeat and to kill.
/// A changed UIDVALIDITY starts a first look anew in which bytes are compared, so nothing is taken
/// in twice; what arrived before the folder's very first look stays `before_us`.
/// A UID whose bytes do not come whole is asked for again alone, at the next look once more, then
/// daily; the others go on. Logs first_look, mail_stored and mail_quarantined.
/// Faults: those of the mailbox and of the store. After a failure the mailbox may be useless; what
/// was stored stays stored, and the next look goes on from there.
Result<Synced> sync_folder(mail::Mailbox& mailbox, const std::string& folder,
                           store::Connection& connection, const Keyring& keyring,
                           const SyncSettings& settings, const Clock& clock,
                           const std::function<void(const std::string& mail_id)>& stored);

/// received = INTERNALDATE if within [first seen - 400 d, first seen + 1 h], else first seen.
struct Received {
  UtcTime at;
  std::string by;  ///< internal_date | first_seen
};
Received received_time(std::optional<UtcTime> internal_date, UtcTime first_seen);

}  // namespace trust::intake
