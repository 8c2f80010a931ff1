#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/token.h"

namespace trust::intake {

/// "TM-" and six random Crockford base32 characters: 30 bits, unique by the store's key.
std::string new_case_id();

/// The signed token that proves that its bearer had mail from us about this case.
std::string case_token(const Keyring& keyring, std::string_view case_id);
/// The case a token was signed for; nothing if it is forged or not a token.
std::optional<std::string> case_of_token(const Keyring& keyring, std::string_view token);

/// Message-IDs of ours, without <>: "tm-TOKEN.RANDOM@domain" for each mail, and "tm-TOKEN@domain",
/// which stands in References of everything we send (relays replace a Message-ID and keep these).
std::string new_message_id(const Keyring& keyring, std::string_view case_id,
                           std::string_view domain);
std::string thread_reference(const Keyring& keyring, std::string_view case_id,
                             std::string_view domain);

/// "security+TOKEN@example.org" from the `reply_to` setting "security+{token}@example.org".
std::string tokened_address(std::string_view pattern, std::string_view token);

/// "security+{token}@example.org": the pattern of our address's own signed addresses.
std::string address_pattern(std::string_view our_address);
/// The address without "+…" before its @, so that all of somebody's variants are one.
std::string without_extension(std::string_view address);

/// What the ids and addresses of a mail prove.
struct TokenProof {
  std::optional<std::string> case_id;  ///< of the first valid token, addresses before ids
  bool forged = false;                 ///< something that looks like a token of ours and is none
};
/// `patterns` as for tokened_address, lower case; addresses are lower case as parsed.
TokenProof find_token(const Keyring& keyring, const std::vector<std::string>& patterns,
                      const std::vector<std::string>& addresses,
                      const std::vector<std::string>& message_ids);

}  // namespace trust::intake
