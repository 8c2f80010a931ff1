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

  /// Mails whose bytes are stored and which have no place yet, oldest first.
  Result<std::vector<std::string>> to_file(int limit);
  Result<int> count_to_file();
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

  /// stored -> filed, with what was understood. False: it was filed before.
  Result<bool> file(const StoredMail& mail, const std::string& digest_content);
  Result<std::vector<StoredMail>> of_case(const std::string& case_id);

 private:
  store::Connection& c_;
};

}  // namespace trust::intake
