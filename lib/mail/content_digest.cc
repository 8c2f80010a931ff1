#include "lib/mail/content_digest.h"

#include <sodium.h>

#include "lib/base/text.h"

namespace trust::mail {

namespace {

class Digest {
 public:
  Digest() { crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()),
                              bytes.size());
  }
  std::string hex() {
    unsigned char out[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state_, out);
    return to_hex({reinterpret_cast<const char*>(out), sizeof out});
  }

 private:
  crypto_hash_sha256_state state_{};
};

}  // namespace

std::string content_sha256(const Content& content) {
  Digest digest;
  for (const std::string_view value :
       {content.from, content.date, content.message_id, content.subject}) {
    digest.add(fold_space(value));
    digest.add("\n");
  }
  std::string_view body = content.body;
  while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.remove_suffix(1);
  while (!body.empty()) {
    const std::size_t end = body.find_first_of("\r\n");
    digest.add(body.substr(0, end));
    digest.add("\n");
    if (end == std::string_view::npos) break;
    const bool pair = body[end] == '\r' && end + 1 < body.size() && body[end + 1] == '\n';
    body.remove_prefix(end + (pair ? 2 : 1));
  }
  return digest.hex();
}

}  // namespace trust::mail
