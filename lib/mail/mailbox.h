#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace trust::mail {

/// What EXAMINE or STATUS said of a folder (RFC 3501 2.3.1.1).
struct FolderState {
  std::uint32_t uidvalidity = 0;
  std::uint32_t uidnext = 0;  ///< 0: the server did not say
  std::uint32_t exists = 0;
  bool operator==(const FolderState&) const = default;
};

/// Size and arrival of a mail, before its bytes are fetched.
struct MailSummary {
  std::uint32_t uid = 0;
  std::uint64_t size = 0;                ///< RFC822.SIZE: an estimate
  std::optional<UtcTime> internal_date;  ///< INTERNALDATE, if it could be read
};

struct FetchedMail {
  std::uint32_t uid = 0;
  std::optional<UtcTime> internal_date;
  std::uint64_t size = 0;  ///< RFC822.SIZE
  std::string raw;         ///< the bytes exactly as the server gave them
  bool truncated = false;  ///< larger than the limit: header and first 1 MiB only
};

/// A mailbox that is only ever read: opened with EXAMINE, fetched with BODY.PEEK. One thread.
/// After Fault::unavailable the connection is gone; make a new Mailbox.
class Mailbox {
 public:
  virtual ~Mailbox() = default;

  /// `folder` is a mailbox name, or a SPECIAL-USE attribute such as "\\Junk" (RFC 6154).
  /// Fault::not_found: no such folder.
  virtual Result<FolderState> open(const std::string& folder) = 0;

  /// The same by STATUS, without opening it; what the server does not say is 0. Afterwards no
  /// folder may be open.
  virtual Result<FolderState> status(const std::string& folder) = 0;

  /// All UIDs >= `from` in the open folder, ascending. The server's "n:*" quirk (the last UID is
  /// returned though smaller than n) is filtered here.
  virtual Result<std::vector<std::uint32_t>> uids_from(std::uint32_t from) = 0;

  /// Sizes and arrival dates; UIDs that are gone are left out.
  virtual Result<std::vector<MailSummary>> summaries(std::span<const std::uint32_t> uids) = 0;

  /// Whole mails, each handed to `sink` as it arrives, in the server's order; memory holds one at a
  /// time. Mails over `max_bytes` come truncated (header and first 1 MiB). A UID that is gone, or
  /// for which the server gave no whole body, is simply not handed over: the caller compares.
  /// A failing sink ends the fetch with that failure.
  virtual Status fetch(std::span<const MailSummary> mails, std::uint64_t max_bytes,
                       const std::function<Status(FetchedMail)>& sink) = 0;
};

}  // namespace trust::mail
