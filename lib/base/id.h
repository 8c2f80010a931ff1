#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trust {

/// `count` bytes from the system's random source.
std::string random_bytes(std::size_t count);
/// `count` random characters of Crockford's base32 ("0123456789ABCDEFGHJKMNPQRSTVWXYZ").
std::string random_crockford(std::size_t count);
/// A name for a row: 26 lower-case characters, 128 random bits. Safe in logs.
std::string random_id();
/// Lower-case RFC 4648 base32 without padding.
std::string to_base32(std::string_view bytes);
/// Empty if `text` is not base32 of whole bytes; either case is read.
std::string from_base32(std::string_view text);

/// SHA-256 (FIPS 180-4), 32 raw bytes.
std::string sha256(std::string_view bytes);
/// HMAC-SHA-256 (RFC 2104), 32 raw bytes. `key` of any length.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// The one comparison every secret goes through: time depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace trust
