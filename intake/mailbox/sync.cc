#include <algorithm>
#include <set>

#include "intake/mailbox/ledger_store.h"
#include "lib/base/log.h"

namespace trust::intake {

using namespace std::chrono_literals;

namespace {

using mail::FetchedMail;
using mail::MailSummary;
using Uids = std::vector<std::uint32_t>;

/// What is held before it is committed. One commit for many small mails, one for each large one.
constexpr std::uint64_t kCommitBytes = 4U << 20U;
constexpr std::size_t kCommitMails = 50;
/// Asked for in vain: twice at one look, once more at the next one, then once a day.
constexpr int kTriesAtOnce = 3;
constexpr auto kRetry = 24h;
constexpr auto kOldestArrival = std::chrono::days{400};
constexpr auto kClockSkew = 1h;

bool contains(const Uids& ascending, std::uint32_t uid) {
  return std::binary_search(ascending.begin(), ascending.end(), uid);
}

/// One look at one folder.
class Look {
 public:
  Look(mail::Mailbox& mailbox, const std::string& folder, store::Connection& connection,
       const Keyring& keyring, const SyncSettings& settings, const Clock& clock,
       const std::function<void(const std::string&)>& stored)
      : mailbox_{mailbox},
        connection_{connection},
        ledger_{connection},
        keyring_{keyring},
        settings_{settings},
        clock_{clock},
        stored_{stored},
        key_{settings.account, folder, 0} {}

  Result<Synced> run();

 private:
  Status first_look(const Uids& uids, const std::optional<LedgerStore::Folder>& before);
  bool was_before_us(const std::optional<UtcTime>& arrived,
                     const std::optional<LedgerStore::Folder>& before) const;
  Result<std::vector<MailSummary>> summaries(std::span<const std::uint32_t> uids);
  Status take_in(std::span<const std::uint32_t> uids, int tries_before);
  Status keep(FetchedMail mail);
  Status commit();
  Status quarantine(const MailSummary& mail, int tries, Fault fault);

  mail::Mailbox& mailbox_;
  store::Connection& connection_;
  LedgerStore ledger_;
  const Keyring& keyring_;
  const SyncSettings& settings_;
  const Clock& clock_;
  const std::function<void(const std::string&)>& stored_;
  FolderKey key_;
  Synced synced_;
  std::vector<FetchedMail> held_;
  std::uint64_t held_bytes_ = 0;
};

Result<Synced> Look::run() {
  const Result<mail::FolderState> state = mailbox_.open(key_.folder);
  if (!state) return state.error();
  key_.uidvalidity = state->uidvalidity;
  const auto before = ledger_.folder(key_.account, key_.folder);
  if (!before) return before.error();
  const bool anew = !*before || (*before)->uidvalidity != key_.uidvalidity;

  std::uint32_t from = 1;
  if (!settings_.whole && !anew) {
    const Result<std::uint32_t> highest = ledger_.highest(key_);
    if (!highest) return highest.error();
    if (*highest < 0xFFFF'FFFFU) from = *highest + 1;
  }
  const Result<Uids> uids = mailbox_.uids_from(from);
  if (!uids) return uids.error();
  if (anew) {
    if (const Status entered = first_look(*uids, *before); !entered) return entered.error();
  }

  const UtcTime now = clock_.now();
  const Result<Uids> settled = ledger_.settled(key_, from, now);
  if (!settled) return settled.error();
  const auto due = ledger_.to_try_again(key_, now);
  if (!due) return due.error();
  std::set<std::uint32_t> suspects;
  for (const auto& again : *due) suspects.insert(again.uid);
  Uids fresh;
  for (const std::uint32_t uid : *uids)
    if (!contains(*settled, uid) && !suspects.contains(uid)) fresh.push_back(uid);
  synced_.known = static_cast<int>(uids->size() - fresh.size()) - synced_.before_us;

  const auto batch = static_cast<std::size_t>(std::max(settings_.batch, 1));
  for (std::size_t at = 0; at < fresh.size(); at += batch) {
    const std::span all{fresh};
    if (const Status taken = take_in(all.subspan(at, std::min(batch, fresh.size() - at)), 0);
        !taken)
      return taken.error();
  }
  // Each alone, so that one that breaks the connection takes no other with it; also those of just
  // now, for the second time.
  const auto again = ledger_.to_try_again(key_, clock_.now());
  if (!again) return again.error();
  for (const auto& suspect : *again)
    if (const Status taken = take_in({&suspect.uid, 1}, suspect.tries); !taken)
      return taken.error();
  return synced_;
}

bool Look::was_before_us(const std::optional<UtcTime>& arrived,
                         const std::optional<LedgerStore::Folder>& before) const {
  switch (settings_.first_look.from) {
    case FirstLook::From::all: return false;
    case FirstLook::From::date: return arrived && *arrived < settings_.first_look.since;
    // After a change of UIDVALIDITY: before the very first look. What came later has its bytes
    // here.
    case FirstLook::From::now: return !before || (arrived && *arrived < before->first_look);
  }
  return false;
}

/// Enters what was there before us. The folder's row and these are one transaction: if we die
/// before it, the next look is the first; if we die after it, the next look finds them settled.
Status Look::first_look(const Uids& uids, const std::optional<LedgerStore::Folder>& before) {
  const UtcTime now = clock_.now();
  std::vector<std::pair<std::uint32_t, std::optional<UtcTime>>> old;
  if (settings_.first_look.from != FirstLook::From::all) {
    const auto known = mailbox_.summaries(uids);
    if (!known) return known.error();
    auto summary = known->begin();
    for (const std::uint32_t uid : uids) {
      while (summary != known->end() && summary->uid < uid) ++summary;
      std::optional<UtcTime> arrived;
      if (summary != known->end() && summary->uid == uid) arrived = summary->internal_date;
      if (was_before_us(arrived, before)) old.emplace_back(uid, arrived);
    }
  }
  Status entered = connection_.transaction([&](store::Connection&) -> Status {
    if (Status done = ledger_.enter_folder(key_, now); !done) return done;
    for (const auto& [uid, arrived] : old)
      if (Status done = ledger_.enter_before_us(key_, uid, arrived, now); !done) return done;
    return ok();
  });
  if (!entered) return entered;
  synced_.before_us = static_cast<int>(old.size());
  for (const auto& [uid, arrived] : old)
    if (!arrived || *arrived >= settings_.recent_since) ++synced_.recent;
  log(Event::first_look, {{"before_us", synced_.before_us}, {"recent", synced_.recent}});
  return ok();
}

/// What the server says of these UIDs. One that is listed but of which it says nothing is asked for
/// all the same; one that is no longer listed is `gone`.
Result<std::vector<MailSummary>> Look::summaries(std::span<const std::uint32_t> uids) {
  Result<std::vector<MailSummary>> known = mailbox_.summaries(uids);
  if (!known || known->size() == uids.size()) return known;
  const Result<Uids> listed = mailbox_.uids_from(uids.front());
  if (!listed) return listed.error();
  std::vector<MailSummary> all;
  for (const std::uint32_t uid : uids) {
    const auto found = std::find_if(known->begin(), known->end(),
                                    [&](const MailSummary& mail) { return mail.uid == uid; });
    if (found != known->end()) {
      all.push_back(*found);
    } else if (contains(*listed, uid)) {
      all.push_back({uid, 0, {}});
    } else {
      if (const Status done = ledger_.enter_gone(key_, uid, clock_.now()); !done)
        return done.error();
      ++synced_.gone;
    }
  }
  return all;
}

/// Fetches and stores. If we die anywhere in here, what was committed is settled, and the rest is
/// new to the next look.
Status Look::take_in(std::span<const std::uint32_t> uids, int tries_before) {
  const auto mails = summaries(uids);
  if (!mails) return mails.error();
  std::set<std::uint32_t> whole;
  bool store_failed = false;
  Status fetched = mailbox_.fetch(*mails, settings_.max_bytes, [&](FetchedMail mail) -> Status {
    const std::uint32_t uid = mail.uid;
    Status kept = keep(std::move(mail));
    store_failed = !kept;
    if (kept) whole.insert(uid);
    return kept;
  });
  if (store_failed) return fetched;
  if (Status committed = commit(); !committed) return committed;
  // Nobody knows which of them broke the connection: each is asked for alone at the next look.
  for (const MailSummary& mail : *mails)
    if (!whole.contains(mail.uid)) {
      const Fault fault = fetched ? Fault::invalid : fetched.error().fault();
      if (Status done = quarantine(mail, tries_before + 1, fault); !done) return done;
    }
  return fetched;
}

Status Look::keep(FetchedMail mail) {
  held_bytes_ += mail.raw.size();
  held_.push_back(std::move(mail));
  return held_bytes_ >= kCommitBytes || held_.size() >= kCommitMails ? commit() : ok();
}

/// Raw bytes and ledger rows, durable together. If we die after the commit and before `stored_` is
/// told, the mails stand there as `stored` and are filed from there.
Status Look::commit() {
  if (held_.empty()) return ok();
  std::vector<LedgerStore::Stored> results;
  Status committed = connection_.transaction([&](store::Connection&) -> Status {
    results.clear();
    for (const FetchedMail& mail : held_) {
      auto stored = ledger_.store(key_, mail, keyring_.digest("bytes", mail.raw), clock_.now());
      if (!stored) return stored.error();
      results.push_back(*std::move(stored));
    }
    return ok();
  });
  if (!committed) return committed;
  const std::vector<FetchedMail> mails = std::exchange(held_, {});
  held_bytes_ = 0;
  for (std::size_t i = 0; i < mails.size(); ++i) {
    switch (results[i].kept) {
      case LedgerStore::Kept::same_bytes: ++synced_.same_bytes; break;
      case LedgerStore::Kept::purged: ++synced_.purged; break;
      case LedgerStore::Kept::stored:
        ++synced_.stored;
        log(Event::mail_stored, {{"mail", results[i].mail_id}, {"bytes", mails[i].raw.size()}});
        stored_(results[i].mail_id);
    }
  }
  return ok();
}

Status Look::quarantine(const MailSummary& mail, int tries, Fault fault) {
  const UtcTime now = clock_.now();
  const UtcTime next = tries < kTriesAtOnce ? now : now + kRetry;
  Status done = ledger_.enter_quarantined(key_, mail.uid, mail.internal_date, now, tries, next);
  if (done && tries == 2) {
    ++synced_.quarantined;
    log(Event::mail_quarantined, {{"uid", std::int64_t{mail.uid}}, {"fault", fault}});
  }
  return done;
}

}  // namespace

Result<Synced> sync_folder(mail::Mailbox& mailbox, const std::string& folder,
                           store::Connection& connection, const Keyring& keyring,
                           const SyncSettings& settings, const Clock& clock,
                           const std::function<void(const std::string& mail_id)>& stored) {
  return Look{mailbox, folder, connection, keyring, settings, clock, stored}.run();
}

Received received_time(std::optional<UtcTime> internal_date, UtcTime first_seen) {
  if (internal_date && *internal_date >= first_seen - kOldestArrival &&
      *internal_date <= first_seen + kClockSkew)
    return {*internal_date, "internal_date"};
  return {first_seen, "first_seen"};
}

}  // namespace trust::intake
