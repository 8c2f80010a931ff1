#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intake/mailbox/ledger.h"

namespace trust::intake {

enum class MayAcknowledge { no, yes };

/// The SQL about folders, the ledger and the storing of raw mail. Every function is one statement
/// or expects to be called inside a transaction.
class LedgerStore {
 public:
  explicit LedgerStore(store::Connection& connection) : c_{connection} {}

  /// A watched folder as it was left.
  struct Folder {
    std::uint32_t uidvalidity = 0;
    UtcTime first_look;
    std::uint32_t renewed_below =
        0;  ///< these UIDs stood there when its UIDVALIDITY changed; 0: never
  };
  Result<std::optional<Folder>> folder(const std::string& account, const std::string& folder);
  /// Enters the folder, or gives it its new UIDVALIDITY; the first look's time stays.
  Status enter_folder(const FolderKey& key, UtcTime first_look, std::uint32_t renewed_below);

  /// The UIDs >= `from` that have an outcome, ascending; without the quarantined ones that are due
  /// again.
  Result<std::vector<std::uint32_t>> settled(const FolderKey& key, std::uint32_t from, UtcTime now);
  Result<std::uint32_t> highest(const FolderKey& key);
  /// Quarantined UIDs that are due, those asked for least often first; how often each was.
  struct Again {
    std::uint32_t uid = 0;
    int tries = 0;
    bool is_adopted = false;  ///< somebody wants it, however old it is
  };
  Result<std::vector<Again>> to_try_again(const FolderKey& key, UtcTime now);

  /// Without those that were not asked for yet.
  Result<int> count_quarantined();

  Status enter_before_us(const FolderKey& key, std::uint32_t uid, std::optional<UtcTime> arrived,
                         UtcTime now);
  /// Also of a quarantined one.
  Status enter_gone(const FolderKey& key, std::uint32_t uid, UtcTime now);
  /// One more asking in vain.
  Status enter_quarantined(const FolderKey& key, std::uint32_t uid, std::optional<UtcTime> arrived,
                           UtcTime now, int tries, UtcTime next_try);
  /// Ends the promise of a quarantined mail; how many there were.
  Result<int> release(const FolderKey& key, std::uint32_t uid, std::string_view because,
                      UtcTime now);
  /// Whether bytes are here, or were and are purged.
  Result<bool> knows(const std::string& digest_bytes);
  /// When a UID was first seen, if it was.
  Result<std::optional<UtcTime>> seen(const FolderKey& key, std::uint32_t uid);

  /// A mail in quarantine, of any folder and account.
  struct Quarantined {
    FolderKey key;
    std::uint32_t uid = 0;
    std::optional<UtcTime> arrived;  ///< INTERNALDATE
    UtcTime seen{};
    int tries = 0;
    UtcTime next_try{};
    std::string name() const { return quarantine_name(key, uid); }
  };
  Result<std::vector<Quarantined>> quarantined();
  /// Asked for again by the next look.
  Status retry_now(const Quarantined& mail, UtcTime now);

  /// A whole mail: raw bytes and ledger row; a quarantine of it ends. A mail that was only known
  /// from the Sent folder and stands elsewhere too is filed again.
  /// Fault::conflict: another process settled this UID.
  enum class Kept { stored, same_bytes, purged };
  struct Stored {
    Kept kept = Kept::stored;
    std::string mail_id;  ///< "" for purged
  };
  Result<Stored> store(const FolderKey& key, const mail::FetchedMail& mail,
                       const Received& received, const std::string& digest_bytes, UtcTime now);
  /// A mail out of a file, in no ledger.
  Result<Stored> import(const mail::FetchedMail& mail, const Received& received,
                        const std::string& digest_bytes, MayAcknowledge acknowledge, UtcTime now);
  /// Mails of the folder that were there before us and arrived at `since` or later are still to
  /// come, as if first seen now: in quarantine, asked for 0 times and due. How many.
  Result<int> adopt(const std::string& account, const std::string& folder, UtcTime since,
                    UtcTime now);

  /// What was known of the mail behind a UID when it got its outcome; the UIDs ascending.
  struct Known {
    std::uint32_t uid = 0;
    std::optional<UtcTime> arrived;     ///< INTERNALDATE
    std::optional<std::uint64_t> size;  ///< RFC822.SIZE, of `stored`
    bool gone = false, before_us = false;
  };
  Result<std::vector<Known>> known(const FolderKey& key);
  /// The UID names another mail than the one its row is about: asked for as if first seen now. The
  /// earlier mail stays stored.
  Status ask_anew(const FolderKey& key, std::uint32_t uid, std::optional<UtcTime> arrived,
                  UtcTime now);

  /// For audits: UIDs by what became of them.
  struct Accounted {
    std::uint32_t uid = 0;
    std::string outcome;
    bool has_mail = true;  ///< of `stored`: the mail is in the store
  };
  Result<std::vector<Accounted>> accounted(const FolderKey& key);

 private:
  Result<Stored> keep(const std::string& folder, const mail::FetchedMail& mail,
                      const Received& received, const std::string& digest_bytes,
                      UtcTime first_seen);

  store::Connection& c_;
};

}  // namespace trust::intake
