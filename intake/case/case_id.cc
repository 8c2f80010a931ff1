#include "intake/case/case_id.h"

#include "lib/base/id.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

constexpr std::size_t kTokenIdBytes = 10;
constexpr std::size_t kTokenCharacters = 34;  // 21 bytes in base32
constexpr std::string_view kIdPrefix = "tm-";

/// The token of "tm-TOKEN@domain" or "tm-TOKEN.RANDOM@domain"; "" if it has another form.
std::string_view token_in_message_id(std::string_view id) {
  if (!id.starts_with(kIdPrefix)) return {};
  const std::string_view token = id.substr(kIdPrefix.size(), kTokenCharacters);
  const std::string_view rest = id.substr(kIdPrefix.size() + token.size());
  return token.size() == kTokenCharacters && (rest.starts_with('@') || rest.starts_with('.'))
             ? token
             : std::string_view{};
}

/// The token of "local+TOKEN@domain" where local@domain is our address.
std::string_view token_in_address(std::string_view address, std::string_view our_address) {
  const std::size_t at = our_address.find('@');
  const std::string_view local = our_address.substr(0, at), domain = our_address.substr(at);
  if (!address.starts_with(local) || !address.ends_with(domain)) return {};
  if (address.size() != local.size() + 1 + kTokenCharacters + domain.size()) return {};
  return address[local.size()] == '+' ? address.substr(local.size() + 1, kTokenCharacters)
                                      : std::string_view{};
}

}  // namespace

std::string new_case_id() { return "TM-" + random_crockford(6); }

std::string case_token(const Keyring& keyring, std::string_view case_id) {
  std::string id{case_id};
  id.resize(kTokenIdBytes, '\0');
  return keyring.sign(Purpose::case_id, id);
}

std::optional<std::string> case_of_token(const Keyring& keyring, std::string_view token) {
  std::optional<std::string> id = keyring.verify(Purpose::case_id, token);
  if (id) id->erase(id->find_last_not_of('\0') + 1);
  return id;
}

std::string new_message_id(const Keyring& keyring, std::string_view case_id,
                           std::string_view domain) {
  return std::string{kIdPrefix} + case_token(keyring, case_id) + "." +
         to_base32(random_bytes(8)) + "@" + std::string{domain};
}

std::string thread_reference(const Keyring& keyring, std::string_view case_id,
                             std::string_view domain) {
  return std::string{kIdPrefix} + case_token(keyring, case_id) + "@" + std::string{domain};
}

std::string tokened_address(std::string_view pattern, std::string_view token) {
  return replace_all(std::string{pattern}, "{token}", token);
}

TokenProof find_token(const Keyring& keyring, std::string_view our_address,
                      const std::vector<std::string>& addresses,
                      const std::vector<std::string>& message_ids) {
  TokenProof proof;
  const auto look_at = [&](std::string_view token) {
    if (token.empty()) return;
    const std::optional<std::string> found = case_of_token(keyring, token);
    if (!found) proof.forged = true;
    else if (!proof.case_id) proof.case_id = found;
  };
  for (const std::string& address : addresses) look_at(token_in_address(address, our_address));
  for (const std::string& id : message_ids) look_at(token_in_message_id(to_lower(id)));
  return proof;
}

}  // namespace trust::intake
