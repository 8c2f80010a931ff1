#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intake/case/case.h"
#include "lib/base/result.h"
#include "lib/store/database.h"

namespace trust::intake {

/// The SQL about stored mails (intake/mailbox stores them; this reads and files them).
class MailStore {
 public:
  explicit MailStore(store::Connection& connection) : c_{connection} {}

  /// A mail whose bytes are stored and which has no place yet.
  struct Waiting {
    std::string id, stage;
    UtcTime first_seen{};
  };
  /// Up to `limit` of them after `last` (a default Waiting: from the start), oldest first.
  Result<std::vector<Waiting>> waiting(const Waiting& last, int limit);
  /// How many of them were first seen before `before`.
  Result<int> count_waiting(UtcTime before);
  /// How many are filed and in no case, the Sent folder's apart: none, unless something is
  /// broken.
  Result<int> count_without_case();
  Result<StoredMail> find(const std::string& id);
  Result<std::string> raw(const std::string& id);

  /// A filed mail of that sender with the same content, other than `id`; its case ("" if none).
  struct Twin {
    std::string mail_id, case_id;
  };
  Result<std::optional<Twin>> twin(const std::string& id, const std::string& digest_content,
                                   const std::string& from_address);
  /// Whether another mail with that Message-ID is there (two mails, to be flagged).
  Result<bool> is_known_message_id(const std::string& id, const std::string& message_id);
  /// Whether that address wrote to the case before.
  Result<bool> wrote_to(const std::string& address, const std::string& case_id);

  /// stored -> parsed, with parsed, from_address, subject and message_id of `mail`.
  /// False: it was parsed before.
  Result<bool> set_parsed(const StoredMail& mail, const std::string& digest_content);
  Result<std::string> digest_content(const std::string& id);
  /// parsed -> filed, with kind, case_id and relation of `mail`. False: it was filed before.
  Result<bool> file(const StoredMail& mail);
  Result<std::vector<StoredMail>> of_case(const std::string& case_id);

 private:
  store::Connection& c_;
};

}  // namespace trust::intake
