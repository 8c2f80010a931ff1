#include "lib/mail/auto_reply.h"

#include <string>

#include "lib/base/text.h"
#include "lib/base/words.h"

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

}  // namespace trust::mail
