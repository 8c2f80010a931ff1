#include "intake/case/case_id.h"

#include "lib/base/id.h"
#include "lib/base/text.h"

namespace trust::intake {

namespace {

constexpr std::size_t kTokenIdBytes = 10;
constexpr std::size_t kTokenCharacters = 34;  // 21 bytes in base32
constexpr std::string_view kIdPrefix = "tm-";
constexpr std::string_view kPlaceholder = "{token}";

/// The token of "tm-TOKEN@domain" or "tm-TOKEN.RANDOM@domain"; "" if it has another form.
std::string_view token_in_message_id(std::string_view id) {
  if (!id.starts_with(kIdPrefix)) return {};
  const std::string_view token = id.substr(kIdPrefix.size(), kTokenCharacters);
  const std::string_view rest = id.substr(kIdPrefix.size() + token.size());
  return token.size() == kTokenCharacters && (rest.starts_with('@') || rest.starts_with('.'))
             ? token
             : std::string_view{};
}

/// What stands for {token} in an address made from the pattern; "" if it was not.
std::string_view token_in_address(std::string_view address, std::string_view pattern) {
  const std::size_t at = pattern.find(kPlaceholder);
  if (at == std::string_view::npos) return {};
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kPlaceholder.size());
  if (address.size() != before.size() + kTokenCharacters + after.size()) return {};
  if (!address.starts_with(before) || !address.ends_with(after)) return {};
  return address.substr(before.size(), kTokenCharacters);
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
  return std::string{kIdPrefix} + case_token(keyring, case_id) + "." + to_base32(random_bytes(8)) +
         "@" + std::string{domain};
}

std::string thread_reference(const Keyring& keyring, std::string_view case_id,
                             std::string_view domain) {
  return std::string{kIdPrefix} + case_token(keyring, case_id) + "@" + std::string{domain};
}

std::string tokened_address(std::string_view pattern, std::string_view token) {
  return replace_all(std::string{pattern}, kPlaceholder, token);
}

std::string address_pattern(std::string_view our_address) {
  const std::size_t at = our_address.rfind('@');
  if (at == std::string_view::npos) return std::string{our_address};
  std::string pattern{our_address.substr(0, at)};
  return (pattern += '+') += std::string{kPlaceholder} + std::string{our_address.substr(at)};
}

std::string without_extension(std::string_view address) {
  const std::size_t at = address.rfind('@');
  const std::size_t plus = address.find('+');
  if (at == std::string_view::npos || plus == 0 || plus >= at) return std::string{address};
  return std::string{address.substr(0, plus)} + std::string{address.substr(at)};
}

TokenProof find_token(const Keyring& keyring, const std::vector<std::string>& patterns,
                      const std::vector<std::string>& addresses,
                      const std::vector<std::string>& message_ids) {
  TokenProof proof;
  const auto look_at = [&](std::string_view token) {
    if (token.empty()) return;
    const std::optional<std::string> found = case_of_token(keyring, token);
    if (!found)
      proof.forged = true;
    else if (!proof.case_id)
      proof.case_id = found;
  };
  for (const std::string& pattern : patterns)
    for (const std::string& address : addresses) look_at(token_in_address(address, pattern));
  for (const std::string& id : message_ids) look_at(token_in_message_id(to_lower(id)));
  return proof;
}

}  // namespace trust::intake
