#include "lib/mail/signs.h"

#include <string>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/mail/header.h"
#include "lib/mail/transfer.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMaxAwayText = 3000;  ///< bytes; people who are away do not write more

/// Lower case, and Latin letters without their accents: "Réponse" is "reponse".
std::string plain_letters(std::string_view text) {
  constexpr std::string_view kBase =  // U+00C0 to U+00FF
      "aaaaaa_ceeeeiiiidnooooo_ouuuuy__aaaaaa_ceeeeiiiidnooooo_ouuuuy_y";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == 0xC3 && next >= 0x80 && next <= 0xBF) {
      out += kBase[next - 0x80];
      ++i;
    } else if (byte == 0xC2 && next == 0xA0) {
      out += ' ';
      ++i;
    } else {
      out += text[i];
    }
  }
  return to_lower(out);
}

/// The first word of a structured field: "auto-replied (vacation); owner=…" is "auto-replied".
std::string first_word(std::string_view value) {
  value = trim(value);
  return to_lower(value.substr(0, value.find_first_of(" \t;(,")));
}

bool is_robot(std::string_view address) {
  std::string local;
  for (const char c : address.substr(0, address.find('@')))
    if (c != '-' && c != '_' && c != '.') local += c;
  local = to_lower(local.substr(0, local.find('+')));
  return local == "mailerdaemon" || local == "postmaster" || local.starts_with("noreply") ||
         local.ends_with("noreply") || local.starts_with("donotreply") ||
         local.ends_with("donotreply");
}

/// The subject without "[External]" and the like in front.
std::string_view untagged(std::string_view subject) {
  for (subject = trim(subject); subject.starts_with("[");) {
    const std::size_t end = subject.find(']');
    if (end == std::string_view::npos || end > 30) break;
    subject = trim(subject.substr(end + 1));
  }
  return subject;
}

/// What programs put before the subject they answer. After "Re:" it is a person's answer to one.
bool is_automatic_subject(std::string_view folded) {
  constexpr std::string_view kAlways =
      "abwesenheitsnotiz|abwesenheitsnachricht|abwesenheitsmeldung|automatische abwesenheit|"
      "message d'absence|mensaje de ausencia|vacation reply|auto:";
  // Words a report may begin with too: they must stand alone, or before a colon or the like.
  constexpr std::string_view kAlone =
      "automatic reply|auto reply|auto-reply|autoreply|automated reply|automatic response|"
      "auto response|auto-response|autoresponse|automated response|automatische antwort|"
      "reponse automatique|respuesta automatica|risposta automatica|automatisch antwoord|"
      "resposta automatica|autosvar|out of office|out of the office|out-of-office|ooo|"
      "away from office|on vacation|abwesend|abwesenheit|nicht im buro|absent du bureau|"
      "absence du bureau|fuera de la oficina";
  constexpr std::string_view kAfter =
      ":|-|(|re:|reply|autoreply|auto-reply|until|message|notification|bis ";
  if (starts_with_any(folded, kAlways)) return true;
  return any_word(kAlone, [&](std::string_view words) {
    if (!folded.starts_with(words)) return false;
    const std::string_view rest = trim(folded.substr(words.size()));
    return rest.empty() || starts_with_any(rest, kAfter);
  });
}

/// A text that says both that somebody is away and when they are back or who else to ask.
bool is_away_text(std::string_view folded) {
  constexpr std::string_view kAway =
      "i am out of the office|i'm out of the office|i am currently out of|i'm currently out of|"
      "i will be out of the office|i am on vacation|i am currently on vacation|i am away from|"
      "nicht im buro|nicht im haus|bin ich im urlaub|ich bin abwesend|je suis absent|"
      "je suis actuellement absent|estoy fuera de la oficina|estare fuera de la oficina";
  constexpr std::string_view kBack =
      "return|be back|back on|limited access|in urgent cases|urgent matters|wieder erreichbar|"
      "wieder im buro|in dringenden|ruckkehr|nicht weitergeleitet|de retour|mon retour|"
      "en cas d'urgence|regreso|casos urgentes";
  return contains_any(folded, kAway) && contains_any(folded, kBack);
}

/// "Prove that you are a person": TMDA, BoxTrapper, Spam Arrest and their like.
bool is_challenge(const Header& header, std::string_view folded_subject) {
  constexpr std::string_view kWords =
      "your email requires verification verify#|please confirm your message|"
      "(verification required)|[sender verification]|sender verification required|"
      "confirm your email delivery";
  return header.has("X-TMDA-Confirm") || header.has("X-ASK-Auth") ||
         header.has("X-Challenge-Response") || contains_any(folded_subject, kWords);
}

bool has_auto_field(const Header& header) {
  for (const std::string_view name :
       {"X-Autoreply-From", "X-Mail-Autoreply", "X-Autorespond", "X-Autoresponder",
        "X-Autoreply-To", "X-AutoReply-Id", "X-Vacation"})
    if (header.has(name)) return true;
  for (const std::string_view name : {"X-Autoreply", "X-Auto-Reply"})
    if (header.has(name) && first_word(header.value(name)) != "no") return true;
  for (const std::string_view name : {"X-Autogenerated", "X-Auto-Generated"})
    if (first_word(header.value(name)) == "reply") return true;
  return false;
}

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

Automatic read_automatic(const Header& header, std::string_view root_type, std::string_view subject,
                         std::string_view text, std::string_view from_address) {
  const std::string folded = plain_letters(untagged(subject));
  const std::string submitted = first_word(header.value("Auto-Submitted"));
  std::string precedence = first_word(header.value("Precedence"));
  if (precedence.empty()) precedence = first_word(header.value("X-Precedence"));
  const bool report = equals_ignoring_case(root_type, "multipart/report");

  Automatic a;
  const bool answers = header.has("In-Reply-To") || header.has("References") ||
                       starts_with_any(folded, "re:|aw:|antw:|sv:");
  const bool receipt =
      report && find_ignoring_case(header.value("Content-Type"), "disposition-notification") !=
                    std::string_view::npos;
  a.is_auto_reply = submitted == "auto-replied" || receipt || has_auto_field(header) ||
                    precedence == "auto_reply" || is_automatic_subject(folded) ||
                    (answers && text.size() <= kMaxAwayText && is_away_text(plain_letters(text)));

  for (const std::string_view word : split(header.value("X-Auto-Response-Suppress"), ','))
    if (equals_any(trim(word), "all|oof|autoreply")) a.suppresses_auto_reply = true;

  const bool list = header.has("List-Id") || header.has("List-Post") ||
                    header.has("List-Unsubscribe") || header.has("List-Help");
  const bool bulk = equals_any(precedence, "bulk|junk|list");
  const std::string path{trim(header.value("Return-Path"))};
  const bool null_path = path == "<>" || path == "< >";
  a.is_bulk = list || bulk;
  a.must_not_ack_apart_from_list = a.is_auto_reply || report ||
                                   (!submitted.empty() && submitted != "no") || null_path ||
                                   is_robot(from_address) || is_challenge(header, folded);
  a.must_not_ack = a.is_bulk || a.must_not_ack_apart_from_list;
  return a;
}

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

bool is_encrypted(std::string_view raw, const Part& root, std::string_view text) {
  return has_armour(text) ||
         find_part(root, [&](const Part& p) { return is_encrypted_part(raw, p); }) != nullptr;
}

}  // namespace trust::mail
