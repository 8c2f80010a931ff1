#pragma once

/// lib/imap: a mail::Mailbox over IMAP4rev1 (RFC 3501), reading only: EXAMINE, BODY.PEEK.
///   reply_parser.* reply_values.cc  bytes -> replies; literals, limits, resynchronisation
///   session.*        commands: tags, deadlines, allowances
///   internal_date.*  INTERNALDATE
///   imap_mailbox.*   lists of UIDs, whole mails;  imap_folders.cc  which folder, and its state
/// A mail's bytes are handed over only when the literal was read to its announced length, the reply
/// names the UID that was asked for, it is the only body for that UID, and the command ended OK.
/// RFC822.SIZE is an estimate: it groups mails and nothing more.
/// Not here: connecting and logging in (lib/net), what is new (intake/mailbox).

#include <map>
#include <memory>

#include "lib/imap/session.h"
#include "lib/mail/mailbox.h"

namespace trust::imap {

class ImapMailbox final : public mail::Mailbox {
 public:
  /// Faults: those of Connector::connect; unavailable when the server does not answer our first
  /// command.
  static Result<std::unique_ptr<ImapMailbox>> connect(net::Connector& connector,
                                                      const net::Endpoint& endpoint,
                                                      Patience patience = {});
  /// Over a stream that is logged in already.
  static Result<std::unique_ptr<ImapMailbox>> over(std::unique_ptr<net::Stream> stream,
                                                   Patience patience = {});

  Result<mail::FolderState> open(const std::string& folder) override;
  Result<mail::FolderState> status(const std::string& folder) override;
  /// In windows of 10,000 mails, so that no reply grows with the mailbox.
  Result<std::vector<std::uint32_t>> uids_from(std::uint32_t from) override;
  Result<std::vector<mail::MailSummary>> summaries(std::span<const std::uint32_t> uids) override;
  /// Memory: small mails of one command together up to 8 MiB, or one large one.
  Status fetch(std::span<const mail::MailSummary> mails, std::uint64_t max_bytes,
               const std::function<Status(mail::FetchedMail)>& sink) override;

  /// Whether the server can tell of news (IDLE).
  bool can_wait() const { return session_.can("IDLE"); }
  /// Until the server tells of a new mail in the open folder (true), or for `span`. Faults: those
  /// of Session::idle.
  Result<bool> wait_for_news(std::chrono::milliseconds span) { return session_.idle(span); }

 private:
  explicit ImapMailbox(Session session) : session_{std::move(session)} {}

  struct Asked;
  using Sink = std::function<Status(mail::FetchedMail)>;

  Result<std::string> name_of_folder(const std::string& folder);
  Error refused(const std::string& folder, const Reply& no);
  Result<Ending> run(std::string_view text, const Session::OnReply& on_reply,
                     Session::Allowance allowance);
  Result<std::vector<std::uint32_t>> list_once(std::uint32_t from);
  Status fetch_group(std::span<const mail::MailSummary> group, std::uint64_t max_bytes,
                     const Sink& sink);
  Result<Asked> ask(std::span<const mail::MailSummary> group, std::uint64_t max_bytes);
  Status fetch_alone(const mail::MailSummary& mail, std::uint64_t max_bytes, const Sink& sink);
  Status fetch_beginning(const mail::MailSummary& mail, const Sink& sink);

  Session session_;
  std::map<std::string, std::string> special_;  ///< SPECIAL-USE attribute -> the folder's name
  bool is_open_ = false;
  std::uint32_t uidvalidity_ = 0;
  std::uint32_t exists_ = 0;
  bool expunged_ = false;  ///< sequence numbers moved since this was last cleared
};

}  // namespace trust::imap
