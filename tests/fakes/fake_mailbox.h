#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/mail/mailbox.h"

namespace trust::test {

/// A mailbox in memory whose server can be told to misbehave.
class FakeMailbox final : public mail::Mailbox {
 public:
  struct Mail {
    std::string raw;
    std::optional<UtcTime> arrived;
  };
  std::map<std::uint32_t, Mail> mails;
  std::uint32_t uidvalidity = 7;
  std::set<std::uint32_t> without_body;     ///< listed, and never handed over
  std::set<std::uint32_t> without_summary;  ///< listed, and nothing more is said
  std::set<std::uint32_t> vanishing;        ///< listed once, then deleted by somebody else
  std::set<std::uint32_t> breaking;         ///< asking for their bytes breaks the connection
  int breaks_after = -1;                    ///< so many mails handed over, then the line breaks
  std::vector<std::vector<std::uint32_t>> asked;  ///< UIDs of each fetch

  void add(std::uint32_t uid, std::string raw, std::optional<UtcTime> arrived) {
    mails[uid] = {std::move(raw), arrived};
  }

  Result<mail::FolderState> open(const std::string&) override {
    return mail::FolderState{uidvalidity, 0, static_cast<std::uint32_t>(mails.size())};
  }
  Result<mail::FolderState> status(const std::string& folder) override { return open(folder); }
  Result<std::vector<std::uint32_t>> uids_from(std::uint32_t from) override {
    std::vector<std::uint32_t> uids;
    for (const auto& [uid, mail] : mails)
      if (uid >= from) uids.push_back(uid);
    for (const std::uint32_t uid : vanishing) mails.erase(uid);
    return uids;
  }
  Result<std::vector<mail::MailSummary>> summaries(std::span<const std::uint32_t> uids) override {
    std::vector<mail::MailSummary> all;
    for (const std::uint32_t uid : uids)
      if (mails.contains(uid) && !without_summary.contains(uid))
        all.push_back({uid, mails[uid].raw.size(), mails[uid].arrived});
    return all;
  }
  Status fetch(std::span<const mail::MailSummary> wanted, std::uint64_t max_bytes,
               const std::function<Status(mail::FetchedMail)>& sink) override {
    asked.emplace_back();
    for (const mail::MailSummary& mail : wanted) asked.back().push_back(mail.uid);
    for (const mail::MailSummary& each : wanted) {
      if (breaking.contains(each.uid) || breaks_after == 0)
        return Error{Fault::unavailable, "the line broke"};
      if (!mails.contains(each.uid) || without_body.contains(each.uid)) continue;
      const Mail& mail = mails[each.uid];
      const bool large = mail.raw.size() > max_bytes;
      const Status taken = sink({each.uid, mail.arrived, mail.raw.size(),
                                 large ? mail.raw.substr(0, 1U << 20U) : mail.raw, large});
      if (!taken) return taken;
      if (breaks_after > 0) --breaks_after;
    }
    return ok();
  }
};

}  // namespace trust::test
