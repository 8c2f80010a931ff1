#include "lib/mail/authentication.h"

#include <string>

#include "lib/base/text.h"

namespace trust::mail {

namespace {

/// Without comments (they nest), quoted strings replaced by "?".
std::string without_comments(std::string_view value) {
  std::string out;
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\\' && (quoted || depth > 0)) {
      ++i;
    } else if (c == '"' && depth == 0) {
      if (!quoted) out += '?';
      quoted = !quoted;
    } else if (quoted) {
      continue;
    } else if (c == '(') {
      if (depth++ == 0) out += ' ';
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (depth == 0) {
      out += c;
    }
  }
  return out;
}

/// "dmarc = pass action=none" gives dmarc and pass.
void note(std::string_view result, Authentication& a) {
  const std::size_t equals = result.find('=');
  if (equals == std::string_view::npos) return;
  std::string_view method = trim(result.substr(0, equals));
  method = trim(method.substr(0, method.find('/')));
  std::string_view verdict = trim(result.substr(equals + 1));
  verdict = verdict.substr(0, verdict.find_first_of(" \t"));
  std::string* place = equals_ignoring_case(method, "dmarc")  ? &a.dmarc
                       : equals_ignoring_case(method, "auth") ? &a.auth
                                                              : nullptr;
  if (place != nullptr && (place->empty() || *place == "pass"))
    *place = to_clean_utf8(to_lower(verdict));
}

}  // namespace

Authentication read_authentication(std::string_view raw_value) {
  Authentication a;
  const std::string value = without_comments(raw_value);
  bool first = true;
  for (const std::string_view piece : split(value, ';')) {
    if (first && piece.find('=') == std::string_view::npos) {
      std::string_view id = trim(piece);
      id = id.substr(0, id.find_first_of(" \t"));
      a.authserv_id = to_clean_utf8(to_lower(id));
    } else {
      note(piece, a);
    }
    first = false;
  }
  return a;
}

}  // namespace trust::mail
