#include "lib/base/token.h"

#include "lib/base/ascii.h"
#include "lib/base/file.h"
#include "lib/base/id.h"
#include "lib/base/names.h"
#include "lib/base/text.h"

namespace trust {

namespace {

constexpr std::size_t kIdBytes = 10;   // 80 bits
constexpr std::size_t kMacBytes = 10;  // 80 bits

constexpr Names<Purpose, 5> kPurposes{"case", "staff", "unsubscribe", "manage", "verp"};

std::string mac_of(std::string_view key, Purpose purpose, std::string_view id) {
  const std::string signed_text = std::string{"token\0", 6} + std::string{kPurposes.of(purpose)} +
                                  std::string(1, '\0') + std::string{id};
  return hmac_sha256(key, signed_text).substr(0, kMacBytes);
}

std::string path_of(const std::string& state_dir) { return state_dir + "/keyring"; }

}  // namespace

Keyring Keyring::from_secret(std::string_view secret) {
  Keyring ring;
  ring.keys_[1] = sha256(secret);
  return ring;
}

Result<Keyring> Keyring::load(const std::string& state_dir) {
  const std::string path = path_of(state_dir);
  const Result<std::string> text = read_private_file(path);
  if (!text) return text.error();
  Keyring ring;
  for (const std::string_view line : lines_of(*text)) {
    const std::size_t space = line.find(' ');
    const auto number = number_of<int>(line.substr(0, space));
    if (space == std::string_view::npos || !number || *number < 1 || *number > 255)
      return Error{Fault::invalid, path + ": not a keyring; restore it from the backup"};
    const std::string key = from_base32(line.substr(space + 1));
    if (key.size() != 32)
      return Error{Fault::invalid, path + ": a key is damaged; restore the backup"};
    ring.keys_[*number] = key;
  }
  if (ring.keys_.empty())
    return Error{Fault::invalid, path + ": empty; restore it from the backup"};
  return ring;
}

Result<Keyring> Keyring::load_or_create(const std::string& state_dir) {
  Result<Keyring> found = load(state_dir);
  if (found || found.error().fault() != Fault::not_found) return found;
  const std::string line = "1 " + to_base32(random_bytes(32)) + "\n";
  if (Status written = write_file_durably(path_of(state_dir), line); !written)
    return written.error();
  return load(state_dir);
}

std::string Keyring::digest(std::string_view label, std::string_view bytes) const {
  const std::string sub_key = hmac_sha256(keys_.begin()->second, "digest " + std::string{label});
  return to_hex(hmac_sha256(sub_key, bytes));
}

std::string Keyring::check_value() const { return digest("key-check", "trust-mail"); }

std::string Keyring::sign(Purpose purpose, std::string_view id) const {
  const auto& [number, key] = *keys_.rbegin();
  return to_base32(std::string(1, static_cast<char>(number)) + std::string{id} +
                   mac_of(key, purpose, id));
}

std::optional<std::string> Keyring::verify(Purpose purpose, std::string_view token) const {
  const std::string bytes = from_base32(token);
  if (bytes.size() != 1 + kIdBytes + kMacBytes) return std::nullopt;
  const auto key = keys_.find(static_cast<unsigned char>(bytes[0]));
  if (key == keys_.end()) return std::nullopt;
  std::string id = bytes.substr(1, kIdBytes);
  if (!equal_in_constant_time(bytes.substr(1 + kIdBytes), mac_of(key->second, purpose, id)))
    return std::nullopt;
  return id;
}

}  // namespace trust
