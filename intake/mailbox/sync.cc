#include <algorithm>
#include <set>

#include "intake/case/case_store.h"
#include "intake/case/promise.h"
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
constexpr std::size_t kSummariesAtOnce = 10'000;
/// Asked for in vain: twice at one look, once more at the next one, on another connection; then
/// once a day, or sooner a few times where it was the line that broke.
constexpr int kTriesAtOnce = 3;
constexpr int kTriesOnBrokenLines = 9;
constexpr auto kRetry = 24h;
constexpr auto kRetryBroken = 10min;

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
  bool stood_at_renewal(std::uint32_t uid) const { return uid < renewed_below_; }
  Status release_gone(const Uids& uids);
  Status forget_replaced(const Uids& uids);
  Status gone(const FolderKey& key, std::uint32_t uid);
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
  std::optional<LedgerStore::Folder> before_;  ///< the folder as it was left
  std::uint32_t renewed_below_ = 0;
  Uids adopted_;  ///< wanted, however old they are
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
  before_ = *before;
  const bool anew = !before_ || before_->uidvalidity != key_.uidvalidity;
  if (!anew) renewed_below_ = before_->renewed_below;

  std::uint32_t from = 1;
  if (!settings_.whole && !anew) {
    const Result<std::uint32_t> highest = ledger_.highest(key_);
    if (!highest) return highest.error();
    // A UIDNEXT that went back means that lower UIDs may be new ones.
    const bool went_back = state->uidnext != 0 && state->uidnext <= *highest;
    if (*highest < 0xFFFF'FFFFU && !went_back) from = *highest + 1;
  }
  const Result<Uids> uids = mailbox_.uids_from(from);
  if (!uids) return uids.error();
  if (anew) {
    if (const Status entered = first_look(*uids, *before); !entered) return entered.error();
  }
  if (from == 1) {
    if (const Status released = release_gone(*uids); !released) return released.error();
    if (!anew)
      if (const Status forgot = forget_replaced(*uids); !forgot) return forgot.error();
  }

  const UtcTime now = clock_.now();
  const Result<Uids> settled = ledger_.settled(key_, from, now);
  if (!settled) return settled.error();
  const auto due = ledger_.to_try_again(key_, now);
  if (!due) return due.error();
  std::set<std::uint32_t> due_again;
  Uids never_tried;
  for (const auto& again : *due) {
    due_again.insert(again.uid);
    if (again.tries == 0) never_tried.push_back(again.uid);
    if (again.is_adopted) adopted_.push_back(again.uid);
  }
  Uids fresh;
  for (const std::uint32_t uid : *uids)
    if (!contains(*settled, uid) && !due_again.contains(uid)) fresh.push_back(uid);
  if (!anew)
    synced_.overlooked = static_cast<int>(std::count_if(
        fresh.begin(), fresh.end(), [&](auto uid) { return uid < settings_.overlooked_below; }));
  if (synced_.overlooked > 0) log(Event::mail_overlooked, {{"count", synced_.overlooked}});
  synced_.known = static_cast<int>(uids->size() - fresh.size()) - synced_.before_us;

  fresh.insert(fresh.end(), never_tried.begin(), never_tried.end());
  std::sort(fresh.begin(), fresh.end());
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
  if (before) renewed_below_ = uids.empty() ? 1 : uids.back() + 1;
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
    if (Status done = ledger_.enter_folder(key_, now, renewed_below_); !done) return done;
    for (const auto& [uid, arrived] : old)
      if (Status done = ledger_.enter_before_us(key_, uid, arrived, now); !done) return done;
    return ok();
  });
  if (!entered) return entered;
  synced_.before_us = static_cast<int>(old.size());
  for (const auto& [uid, arrived] : old)
    if (!arrived || *arrived >= settings_.recent_since) ++synced_.recent;
  if (before)
    log(Event::folder_renewed, {{"listed", uids.size()}});
  else
    log(Event::first_look, {{"before_us", synced_.before_us}, {"recent", synced_.recent}});
  return ok();
}

/// Quarantined mails of this folder that are no longer there, or have another UID by now.
Status Look::release_gone(const Uids& uids) {
  const auto quarantined = ledger_.quarantined();
  if (!quarantined) return quarantined.error();
  for (const auto& mail : *quarantined) {
    const bool is_here = mail.key.account == key_.account && mail.key.folder == key_.folder;
    if (!is_here || (mail.key.uidvalidity == key_.uidvalidity && contains(uids, mail.uid)))
      continue;
    if (Status done = gone(mail.key, mail.uid); !done) return done;
  }
  return ok();
}

/// UIDs under which another mail stands than the one we know: a folder made anew under the same
/// UIDVALIDITY, a list that once left them out. To doubt one too many costs a fetch: the bytes
/// decide, and for what was before us the rule of a renewed folder, which is durable before the
/// first is asked for. If we die in here, the rest is found by the next whole look.
Status Look::forget_replaced(const Uids& uids) {
  const auto known = ledger_.known(key_);
  if (!known) return known.error();
  Uids listed;
  for (const auto& row : *known)
    if (contains(uids, row.uid)) listed.push_back(row.uid);
  const auto row_of = [&](std::uint32_t uid) {
    return std::lower_bound(known->begin(), known->end(), uid,
                            [](const auto& row, std::uint32_t wanted) { return row.uid < wanted; });
  };
  int replaced = 0;
  for (std::size_t at = 0; at < listed.size(); at += kSummariesAtOnce) {
    const auto some = std::span{listed}.subspan(at, std::min(kSummariesAtOnce, listed.size() - at));
    const auto now_there = mailbox_.summaries(some);
    if (!now_there) return now_there.error();
    for (const MailSummary& mail : *now_there) {
      const auto row = row_of(mail.uid);
      const bool other_date =
          row->arrived && mail.internal_date && *row->arrived != *mail.internal_date;
      if (!row->gone && !other_date && row->size.value_or(mail.size) == mail.size) continue;
      if (row->before_us && was_before_us(mail.internal_date, before_)) continue;
      if (row->before_us && !stood_at_renewal(mail.uid)) {
        renewed_below_ = uids.back() + 1;
        Status kept = ledger_.enter_folder(key_, before_->first_look, renewed_below_);
        if (!kept) return kept;
      }
      Status asked = ledger_.ask_anew(key_, mail.uid, mail.internal_date, clock_.now());
      if (!asked) return asked;
      ++replaced;
    }
  }
  if (replaced > 0) log(Event::folder_renewed, {{"replaced", replaced}});
  return ok();
}

Status Look::gone(const FolderKey& key, std::uint32_t uid) {
  const UtcTime now = clock_.now();
  int released = 0;
  Status done = connection_.transaction([&](store::Connection&) -> Status {
    if (Status entered = ledger_.enter_gone(key, uid, now); !entered) return entered;
    const Result<int> ended = ledger_.release(key, uid, "gone", now);
    if (!ended) return ended.error();
    released = *ended;
    return ok();
  });
  if (done && released > 0) log(Event::mail_released, {{"uid", std::int64_t{uid}}});
  return done;
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
      if (const Status done = gone(key_, uid); !done) return done.error();
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
  // The same rule as at the first look, for a server that gave old mail a new INTERNALDATE.
  if (stood_at_renewal(mail.uid) && !contains(adopted_, mail.uid)) {
    const UtcTime now = clock_.now();
    const Received received = received_after_renewal(mail.raw, mail.internal_date, now);
    const auto known = ledger_.knows(keyring_.digest("bytes", mail.raw));
    if (!known) return known.error();
    if (!*known && received.by == "received_field" && was_before_us(received.at, before_)) {
      ++synced_.before_us;
      return ledger_.enter_before_us(key_, mail.uid, mail.internal_date, now);
    }
  }
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
      const UtcTime now = clock_.now();
      const auto seen = ledger_.seen(key_, mail.uid);
      if (!seen) return seen.error();
      const UtcTime first_seen = seen->value_or(now);
      const Received received =
          stood_at_renewal(mail.uid)
              ? received_after_renewal(mail.raw, mail.internal_date, first_seen)
              : received_time(mail.internal_date, first_seen);
      auto stored = ledger_.store(key_, mail, received, keyring_.digest("bytes", mail.raw), now);
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

/// One more asking in vain; the third time staff are promised to see to it, by the clock that the
/// mail's own case will have once its bytes come.
Status Look::quarantine(const MailSummary& mail, int tries, Fault fault) {
  const UtcTime now = clock_.now();
  const bool is_line = fault == Fault::unavailable && tries < kTriesOnBrokenLines;
  const UtcTime next = tries < kTriesAtOnce ? now : now + (is_line ? kRetryBroken : kRetry);
  if (tries == kTriesAtOnce - 1) ++synced_.again;
  Status done = connection_.transaction([&](store::Connection& connection) -> Status {
    Status entered =
        ledger_.enter_quarantined(key_, mail.uid, mail.internal_date, now, tries, next);
    if (!entered || tries != kTriesAtOnce) return entered;
    const auto seen = ledger_.seen(key_, mail.uid);
    if (!seen) return seen.error();
    const Received received = received_time(mail.internal_date, seen->value_or(now));
    return CaseStore{connection}.add_promise(
        new_promise(std::string{kQuarantineCase} + quarantine_name(key_, mail.uid), "quarantine",
                    received.at, received.by, kResponseDays, settings_.calendar));
  });
  if (done && tries == kTriesAtOnce) {
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

}  // namespace trust::intake
