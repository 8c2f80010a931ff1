#pragma once

/// intake/mailbox: from a mailbox to stored raw mail, each mail exactly once.
///   ledger.h  ledger_store.*  every UID a server ever showed us and its outcome; its only SQL
///   sync.cc                   one look at one folder;  received.cc  when a mail came
///   audit.*                   mailbox against ledger
/// Promise: the mailbox is only read (EXAMINE, BODY.PEEK). The raw bytes and their ledger row are
/// one transaction; nothing else happens to a mail before it. The ledger, not a flag and not the
/// highest UID, says what is new. Not here: what a mail means (report/, flow/).

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "intake/clock/calendar.h"
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

/// A larger mail is kept as its first 1 MiB.
inline constexpr std::uint64_t kMostMailBytes = 40U << 20U;

struct SyncSettings {
  std::string account;
  FirstLook first_look;
  std::uint64_t max_bytes = kMostMailBytes;
  int batch = 50;  ///< mails per FETCH
  /// Older than this at the first look is not "recent": start of the last 3 business days.
  UtcTime recent_since;
  /// False: only UIDs above the highest known one are listed; enough between whole looks.
  bool whole = true;
  /// UIDs below it were listed before by the server at least two polls ago, as its UIDNEXT said:
  /// new ones among them were overlooked. 0: nobody knows.
  std::uint32_t overlooked_below = 0;
  Calendar calendar;  ///< by which the promise of a quarantined mail is counted
};

/// What one look found.
struct Synced {
  int stored = 0;
  int known = 0;        ///< had a ledger row already
  int same_bytes = 0;   ///< new UID, bytes we have
  int before_us = 0;    ///< entered at the first look, not fetched
  int recent = 0;       ///< of these, arrived since `recent_since`
  int quarantined = 0;  ///< the server gave no whole body, on a new connection neither
  int again = 0;        ///< bytes to be asked for once more, on a new connection
  int purged = 0;       ///< new UID, bytes that were deleted here on purpose
  int overlooked = 0;   ///< of the new ones: below `overlooked_below`
  int gone = 0;         ///< listed, and no longer there when its bytes were asked for
};

/// One look at one folder: lists all its UIDs, compares with the ledger, fetches what is new and
/// stores it. `stored` is called after each commit with the mail's id. Safe to repeat and to kill.
/// A changed UIDVALIDITY starts a first look anew in which bytes are compared, so nothing is taken
/// in twice; what arrived before the folder's very first look stays `before_us`, also where the
/// server gave it a new INTERNALDATE (received_after_renewal).
/// A UID whose bytes do not come whole is asked for again alone, at the next look once more, then
/// it is in quarantine, with a promise of its own, and asked for daily; the others go on. Logs
/// first_look, folder_renewed, mail_overlooked, mail_stored, mail_quarantined, mail_released.
/// Faults: those of the mailbox and of the store. After a failure the mailbox may be useless; what
/// was stored stays stored, and the next look goes on from there.
Result<Synced> sync_folder(mail::Mailbox& mailbox, const std::string& folder,
                           store::Connection& connection, const Keyring& keyring,
                           const SyncSettings& settings, const Clock& clock,
                           const std::function<void(const std::string& mail_id)>& stored);

/// received = INTERNALDATE if within [first seen - 400 d, first seen + 1 h], else first seen.
struct Received {
  UtcTime at;
  /// internal_date | first_seen | received_field; and where the true time may be a day or more
  /// before (is_arrival_sure): first_seen_of_old | internal_date_of_renewed
  std::string by;
};
Received received_time(std::optional<UtcTime> internal_date, UtcTime first_seen);
/// Of a mail that stood in a folder when its UIDVALIDITY changed: servers that rebuild a folder may
/// give every mail that day's INTERNALDATE, so an older topmost Received field decides. Without one
/// the time stays, unsure.
Received received_after_renewal(std::string_view raw, std::optional<UtcTime> internal_date,
                                UtcTime first_seen);

/// Whose promise: the case_id of a quarantined mail's own, of kind `quarantine`; "INBOX/7/12" is
/// what people call it.
inline constexpr std::string_view kQuarantineCase = "quarantine/";
std::string quarantine_name(const FolderKey& key, std::uint32_t uid);

}  // namespace trust::intake
