#include "intake/mailbox/audit.h"

#include "intake/mailbox/ledger_store.h"

namespace trust::intake {

Result<AuditReport> audit_folder(mail::Mailbox& mailbox, const std::string& folder,
                                 store::Connection& connection, const std::string& account) {
  const Result<mail::FolderState> state = mailbox.open(folder);
  if (!state) return state.error();
  const Result<std::vector<std::uint32_t>> uids = mailbox.uids_from(1);
  if (!uids) return uids.error();
  AuditReport report;
  report.folder = {account, folder, state->uidvalidity};
  report.on_server = static_cast<int>(uids->size());
  const auto accounted = LedgerStore{connection}.accounted(report.folder);
  if (!accounted) return accounted.error();

  auto row = accounted->begin();
  for (const std::uint32_t uid : *uids) {
    while (row != accounted->end() && row->uid < uid) ++row;
    if (row == accounted->end() || row->uid != uid || row->outcome == "gone") {
      report.unaccounted.push_back(uid);
      continue;
    }
    if (row->outcome == "before_us") ++report.before_us;
    if (row->outcome == "quarantined") ++report.quarantined;
  }
  for (const auto& each : *accounted)
    if (!each.has_mail) report.without_mail.push_back(each.uid);
  return report;
}

}  // namespace trust::intake
