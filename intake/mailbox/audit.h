#pragma once

#include "intake/mailbox/ledger.h"

namespace trust::intake {

/// A folder against the ledger.
struct AuditReport {
  FolderKey folder;
  int on_server = 0;
  int before_us = 0;                        ///< of these: there before the first run, not taken in
  int quarantined = 0;                      ///< of these: the server gives no whole body
  std::vector<std::uint32_t> unaccounted;   ///< on the server, no outcome in the ledger
  std::vector<std::uint32_t> without_mail;  ///< outcome `stored`, and the mail is not in the store

  bool is_clean() const { return unaccounted.empty() && without_mail.empty(); }
};

/// Lists the folder and asks for every UID whether it has an outcome. Changes nothing. A mail that
/// arrived since the last look is unaccounted: look first. Faults: those of mailbox and store.
Result<AuditReport> audit_folder(mail::Mailbox& mailbox, const std::string& folder,
                                 store::Connection& connection, const std::string& account);

}  // namespace trust::intake
