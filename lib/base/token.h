#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace trust {

/// What a long-lived token is good for. The purpose is part of what is signed, so a token of one
/// purpose never passes as another.
enum class Purpose { case_id, staff, unsubscribe, manage, verp };

/// The keys of one installation, in `state_dir`/keyring (mode 0600). One key per line,
/// "N hex"; the highest N signs, all verify, so old tokens stay good for ever.
class Keyring {
 public:
  /// Fault::not_found: no keyring there (`migrate` makes it). Fault::invalid: unreadable content,
  /// or readable by others.
  static Result<Keyring> load(const std::string& state_dir);
  /// Makes a keyring with one key unless there is one. Durable before it returns.
  static Result<Keyring> load_or_create(const std::string& state_dir);
  /// For tests: one key, given.
  static Keyring from_secret(std::string_view secret);

  /// A keyed digest that tells nothing without the key: 32 bytes as 64 hex characters, the same
  /// for the same bytes for ever (signed with the first key).
  std::string digest(std::string_view label, std::string_view bytes) const;
  /// What the store keeps to notice that keyring and store do not belong together.
  std::string check_value() const;

  /// Lower-case base32 of key number (1 byte) ‖ 80-bit id ‖ HMAC cut to 80 bits; 34 characters.
  /// `id` is 10 bytes.
  std::string sign(Purpose purpose, std::string_view id) const;
  /// The 10-byte id, or nothing if the token was not made by us for this purpose.
  std::optional<std::string> verify(Purpose purpose, std::string_view token) const;

 private:
  std::map<int, std::string> keys_;
};

}  // namespace trust
