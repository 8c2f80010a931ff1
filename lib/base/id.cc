#include "lib/base/id.h"

#include <sodium.h>

#include <cstdlib>

#include "lib/base/text.h"

namespace trust {

namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";

/// libsodium wants one call before any other; a machine without randomness cannot go on.
void require_sodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string random_bytes(std::size_t count) {
  require_sodium();
  std::string out(count, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

std::string random_crockford(std::size_t count) {
  std::string out = random_bytes(count);
  for (char& c : out) c = kCrockford[static_cast<unsigned char>(c) % kCrockford.size()];
  return out;
}

std::string random_id() { return to_base32(random_bytes(16)); }

std::string to_base32(std::string_view bytes) {
  std::string out;
  unsigned buffer = 0, bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8U) | static_cast<unsigned char>(c);
    bits += 8;
    for (; bits >= 5; bits -= 5) out += kBase32[(buffer >> (bits - 5)) & 31U];
    buffer &= (1U << bits) - 1;
  }
  if (bits > 0) out += kBase32[(buffer << (5 - bits)) & 31U];
  return out;
}

std::string from_base32(std::string_view text) {
  std::string out;
  unsigned buffer = 0, bits = 0;
  for (const char c : to_lower(text)) {
    const std::size_t value = kBase32.find(c);
    if (value == std::string_view::npos) return {};
    buffer = (buffer << 5U) | static_cast<unsigned>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((buffer >> bits) & 0xFFU);
      buffer &= (1U << bits) - 1;
    }
  }
  if (bits >= 5 || buffer != 0) return {};
  return out;
}

std::string sha256(std::string_view bytes) {
  require_sodium();
  std::string out(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(bytes_of(out), bytes_of(bytes), bytes.size());
  return out;
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  require_sodium();
  std::string out(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(bytes), bytes.size());
  crypto_auth_hmacsha256_final(&state, bytes_of(out));
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace trust
