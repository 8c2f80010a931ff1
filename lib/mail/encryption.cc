#include "lib/mail/encryption.h"

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"
#include "lib/mail/transfer.h"

namespace trust::mail {

namespace {

constexpr std::string_view kArmour = "-----BEGIN PGP MESSAGE-----";

/// An armoured message on a line of its own that nobody quotes.
bool has_armour(std::string_view text) {
  for (std::size_t at = text.find(kArmour); at != std::string_view::npos;
       at = text.find(kArmour, at + 1)) {
    std::size_t line = at;
    while (line > 0 && is_blank(text[line - 1])) --line;
    if (line == 0 || text[line - 1] == '\n' || text[line - 1] == '\r') return true;
  }
  return false;
}

bool is_encrypted_part(std::string_view raw, const Part& part) {
  if (part.type == "application/pgp-encrypted" || part.type == "multipart/encrypted") return true;
  const std::string name = to_lower(part.name);
  if (part.type == "application/pkcs7-mime" || part.type == "application/x-pkcs7-mime") {
    // Without a type (old senders) it is told by its name; "smime.p7s" is a signature.
    const Parameterised type =
        parse_parameters(Header::read(part.header(raw)).value("Content-Type"));
    if (const std::string_view kind = type.parameter("smime-type"); !kind.empty())
      return find_ignoring_case(kind, "enveloped") != std::string_view::npos;
    return !name.ends_with(".p7s") && !name.ends_with(".p7c");
  }
  if (name.ends_with(".pgp") || name.ends_with(".gpg") || name.ends_with(".asc"))
    return has_armour(
               decode_transfer(part.body(raw).substr(0, 8192), encoding_of(part.encoding))) ||
           ((name.ends_with(".pgp") || name.ends_with(".gpg")) &&
            part.type != "application/pgp-keys" && part.type != "application/pgp-signature" &&
            part.type.starts_with("application/"));
  return false;
}

}  // namespace

bool is_encrypted(std::string_view raw, const Part& root, std::string_view text) {
  return has_armour(text) ||
         find_part(root, [&](const Part& p) { return is_encrypted_part(raw, p); }) != nullptr;
}

}  // namespace trust::mail
