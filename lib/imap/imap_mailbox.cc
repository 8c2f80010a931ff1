#include "lib/imap/imap_mailbox.h"

#include <algorithm>
#include <utility>

#include "lib/imap/internal_date.h"

namespace trust::imap {

namespace {

using mail::FetchedMail;
using mail::MailSummary;

constexpr std::uint32_t kWindow = 10'000;
constexpr std::size_t kSummariesPerCommand = 500;
constexpr std::size_t kMailsPerCommand = 200;
constexpr std::uint64_t kGroupBytes = 4U << 20U;    ///< stated sizes of one command's mails
constexpr std::uint64_t kHeldBytes = 8U << 20U;     ///< what of a command is held until it ends
constexpr std::uint64_t kFirstBytes = 1U << 20U;    ///< of a mail over the limit
constexpr std::uint64_t kAroundBytes = 16U << 20U;  ///< for all that nobody asked for
constexpr int kListings = 3;

/// What a FETCH reply says of one mail; absent: it does not say.
struct Item {
  std::optional<std::uint32_t> uid;
  std::optional<std::uint64_t> size;
  std::optional<UtcTime> internal_date;
  int bodies = 0;
  std::optional<std::string> body;
  bool too_large = false;
};

/// Nothing if the reply is not a list of pairs.
std::optional<Item> read_item(Reply& reply) {
  if (reply.values.size() != 1 || reply.values[0].kind != Value::Kind::list) return std::nullopt;
  std::vector<Value>& pairs = reply.values[0].items;
  if (pairs.size() % 2 != 0) return std::nullopt;
  Item item;
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const Value& name = pairs[i];
    Value& value = pairs[i + 1];
    if (name.is_atom("UID")) {
      const auto uid = value.number();
      if (!uid || *uid == 0 || *uid > 0xFFFF'FFFFU) return std::nullopt;
      item.uid = static_cast<std::uint32_t>(*uid);
    } else if (name.is_atom("RFC822.SIZE")) {
      item.size = value.number();
    } else if (name.is_atom("INTERNALDATE")) {
      if (value.is_string()) item.internal_date = parse_internal_date(value.text);
    } else if (name.is_atom("BODY[]") || name.is_atom("BODY[]<0>")) {
      ++item.bodies;
      item.too_large = value.kind == Value::Kind::too_large;
      if (value.is_string()) item.body = std::move(value.text);
    }
  }
  return item;
}

std::vector<std::uint32_t> uids_of(std::span<const MailSummary> mails) {
  std::vector<std::uint32_t> uids;
  uids.reserve(mails.size());
  for (const MailSummary& mail : mails) uids.push_back(mail.uid);
  std::sort(uids.begin(), uids.end());
  return uids;
}

}  // namespace

/// One command's mails, held until it has ended.
struct ImapMailbox::Asked {
  std::map<std::uint32_t, FetchedMail> whole;
  std::vector<std::uint32_t> order;  ///< of `whole`, as they came
  std::vector<std::uint32_t> large;  ///< came, and were over the limit
  bool trusted = false;              ///< the command ended OK and every FETCH reply could be read
};

Result<std::unique_ptr<ImapMailbox>> ImapMailbox::connect(net::Connector& connector,
                                                          const net::Endpoint& endpoint,
                                                          Patience patience) {
  Result<std::unique_ptr<net::Stream>> stream = connector.connect(endpoint);
  if (!stream) return stream.error();
  return over(*std::move(stream), patience);
}

Result<std::unique_ptr<ImapMailbox>> ImapMailbox::over(std::unique_ptr<net::Stream> stream,
                                                       Patience patience) {
  Result<Session> session = Session::start(std::move(stream), patience);
  if (!session) return session.error();
  return std::unique_ptr<ImapMailbox>{new ImapMailbox{*std::move(session)}};
}

/// A command, with an eye on what any reply may tell about the open folder.
Result<Ending> ImapMailbox::run(std::string_view text, const Session::OnReply& on_reply,
                                Session::Allowance allowance) {
  bool renumbered = false;
  Result<Ending> ended = session_.command(
      text,
      [&](Reply& reply) {
        if (reply.is("EXISTS") && reply.number) exists_ = *reply.number;
        if (reply.is("EXPUNGE") || reply.is("VANISHED")) expunged_ = true;
        if (reply.is("EXPUNGE") && exists_ > 0) --exists_;
        const auto uidvalidity = reply.code_number("UIDVALIDITY");
        renumbered |= is_open_ && uidvalidity && *uidvalidity != uidvalidity_;
        on_reply(reply);
      },
      allowance);
  if (ended && renumbered)
    return Error{Fault::unavailable, "imap: the folder was replaced while it was open"};
  return ended;
}

Result<std::vector<std::uint32_t>> ImapMailbox::uids_from(std::uint32_t from) {
  for (int attempt = 1;; ++attempt) {
    expunged_ = false;
    Result<std::vector<std::uint32_t>> uids = list_once(from);
    // A mail that was deleted between two windows moved another one over their border.
    if (!uids || !expunged_ || exists_ <= kWindow || attempt == kListings) return uids;
  }
}

Result<std::vector<std::uint32_t>> ImapMailbox::list_once(std::uint32_t from) {
  assert(is_open_);
  std::vector<std::uint32_t> uids;
  const std::string since = "UID " + std::to_string(std::max(from, 1U)) + ":*";
  std::uint32_t first = 1;
  do {
    const bool last = exists_ <= kWindow || first > exists_ - kWindow;
    std::string command = "UID SEARCH ";
    if (exists_ > kWindow)
      command +=
          std::to_string(first) + ":" + (last ? "*" : std::to_string(first + kWindow - 1)) + " ";
    const Result<Ending> ended =
        run(command + since,
            [&](const Reply& reply) {
              if (!reply.is("SEARCH")) return;
              for (const Value& value : reply.values)
                // "n:*" names the last mail even where its UID is smaller than n.
                if (const auto uid = value.number();
                    uid && *uid >= std::max(from, 1U) && *uid <= 0xFFFF'FFFFU)
                  uids.push_back(static_cast<std::uint32_t>(*uid));
            },
            {});
    if (!ended) return ended.error();
    if (!ended->ok) return Error{Fault::unavailable, "imap: the server does not list the folder"};
    if (last) break;
    first += kWindow;
  } while (true);
  std::sort(uids.begin(), uids.end());
  uids.erase(std::unique(uids.begin(), uids.end()), uids.end());
  return uids;
}

Result<std::vector<MailSummary>> ImapMailbox::summaries(std::span<const std::uint32_t> uids) {
  assert(is_open_);
  std::map<std::uint32_t, MailSummary> found;
  for (std::size_t at = 0; at < uids.size(); at += kSummariesPerCommand) {
    const auto asked = uids.subspan(at, std::min(kSummariesPerCommand, uids.size() - at));
    const Result<Ending> ended =
        run("UID FETCH " + to_uid_set(asked) + " (UID RFC822.SIZE INTERNALDATE)",
            [&](Reply& reply) {
              if (!reply.is("FETCH")) return;
              const auto item = read_item(reply);
              if (!item || !item->uid || !item->size ||
                  std::find(asked.begin(), asked.end(), *item->uid) == asked.end())
                return;
              found[*item->uid] = {*item->uid, *item->size, item->internal_date};
            },
            {});
    if (!ended) return ended.error();
  }
  std::vector<MailSummary> result;
  result.reserve(found.size());
  for (const auto& [uid, summary] : found) result.push_back(summary);
  return result;
}

Status ImapMailbox::fetch(std::span<const MailSummary> mails, std::uint64_t max_bytes,
                          const Sink& sink) {
  assert(is_open_);
  for (std::size_t at = 0; at < mails.size();) {
    if (mails[at].size > max_bytes) {
      if (Status done = fetch_beginning(mails[at], sink); !done) return done;
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    std::uint64_t bytes = mails[at].size;
    while (end < mails.size() && end - at < kMailsPerCommand && mails[end].size <= max_bytes &&
           bytes + mails[end].size <= kGroupBytes)
      bytes += mails[end++].size;
    if (Status done = fetch_group(mails.subspan(at, end - at), max_bytes, sink); !done) return done;
    at = end;
  }
  return ok();
}

/// One UID FETCH. What it brings is held until the command has ended.
Result<ImapMailbox::Asked> ImapMailbox::ask(std::span<const MailSummary> group,
                                            std::uint64_t max_bytes) {
  Asked asked;
  std::uint64_t stated = 0;
  std::map<std::uint32_t, const MailSummary*> wanted;
  for (const MailSummary& mail : group) {
    wanted[mail.uid] = &mail;
    stated += mail.size;
  }
  std::uint64_t held = 0;
  std::map<std::uint32_t, int> bodies;
  const Result<Ending> ended = run(
      "UID FETCH " + to_uid_set(uids_of(group)) + " (UID RFC822.SIZE INTERNALDATE BODY.PEEK[])",
      [&](Reply& reply) {
        if (!reply.is("FETCH")) return;
        std::optional<Item> item = read_item(reply);
        if (!item || !item->uid || item->bodies == 0) return;
        const auto mail = wanted.find(*item->uid);
        if (mail == wanted.end()) return;
        // Two bodies for one mail: nobody knows which is the one.
        if ((bodies[*item->uid] += item->bodies) > 1) {
          asked.whole.erase(*item->uid);
          return;
        }
        if (item->too_large) asked.large.push_back(*item->uid);
        const std::uint64_t size = item->size.value_or(mail->second->size);
        // Nothing at all in place of a mail that is said to have bytes is no body.
        if (!item->body || (item->body->empty() && size > 0)) return;
        held += item->body->size();
        if (group.size() > 1 && held > kHeldBytes) return;  // asked for alone afterwards
        const auto date = item->internal_date ? item->internal_date : mail->second->internal_date;
        asked.order.push_back(*item->uid);
        asked.whole[*item->uid] = {*item->uid, date, size, *std::move(item->body), false};
      },
      {.literal_bytes = max_bytes,
       .bytes = 2 * stated + kAroundBytes + (group.size() == 1 ? max_bytes : 0)});
  if (!ended) return ended.error();
  asked.trusted = ended->ok && !ended->broken_fetch;
  return asked;
}

Status ImapMailbox::fetch_group(std::span<const MailSummary> group, std::uint64_t max_bytes,
                                const Sink& sink) {
  if (group.size() == 1) return fetch_alone(group[0], max_bytes, sink);
  Result<Asked> asked = ask(group, max_bytes);
  if (!asked) return asked.error();
  std::vector<std::uint32_t> done;
  if (asked->trusted) {
    for (const std::uint32_t uid : asked->order) {
      const auto mail = asked->whole.extract(uid);
      if (mail.empty()) continue;
      if (Status taken = sink(std::move(mail.mapped())); !taken) return taken;
      done.push_back(uid);
    }
  }
  // One bad mail never blocks the others: what did not come whole is asked for by itself.
  for (const MailSummary& mail : group) {
    if (std::find(done.begin(), done.end(), mail.uid) != done.end()) continue;
    const bool large = asked->trusted && std::find(asked->large.begin(), asked->large.end(),
                                                   mail.uid) != asked->large.end();
    Status tried = large ? fetch_beginning(mail, sink) : fetch_alone(mail, max_bytes, sink);
    if (!tried) return tried;
  }
  return ok();
}

Status ImapMailbox::fetch_alone(const MailSummary& mail, std::uint64_t max_bytes,
                                const Sink& sink) {
  Result<Asked> asked = ask({&mail, 1}, max_bytes);
  if (!asked) return asked.error();
  if (!asked->trusted) return ok();
  if (!asked->large.empty()) return fetch_beginning(mail, sink);
  const auto found = asked->whole.extract(mail.uid);
  return found.empty() ? ok() : sink(std::move(found.mapped()));
}

/// A mail over the limit: its header and what follows, 1 MiB in all.
Status ImapMailbox::fetch_beginning(const MailSummary& mail, const Sink& sink) {
  std::optional<FetchedMail> found;
  int bodies = 0;
  const Result<Ending> ended =
      run("UID FETCH " + std::to_string(mail.uid) +
              " (UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0." + std::to_string(kFirstBytes) + ">)",
          [&](Reply& reply) {
            if (!reply.is("FETCH")) return;
            std::optional<Item> item = read_item(reply);
            if (!item || item->uid != mail.uid || item->bodies == 0) return;
            bodies += item->bodies;
            if (!item->body || item->body->empty()) return;
            const auto date = item->internal_date ? item->internal_date : mail.internal_date;
            found = {mail.uid, date, item->size.value_or(mail.size), *std::move(item->body), false};
          },
          {.literal_bytes = 2 * kFirstBytes, .bytes = kAroundBytes});
  if (!ended) return ended.error();
  if (!ended->ok || ended->broken_fetch || bodies != 1 || !found) return ok();
  // A shorter answer means that the mail ends there, whatever size was stated.
  found->truncated = found->raw.size() >= kFirstBytes;
  if (found->truncated) found->raw.resize(kFirstBytes);
  return sink(*std::move(found));
}

}  // namespace trust::imap
