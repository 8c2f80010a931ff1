#include "lib/mail/visible_reply.h"

#include <algorithm>
#include <vector>

#include "lib/base/text.h"
#include "lib/base/words.h"

namespace trust::mail {

namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kMaxSignatureLines = 30;
constexpr std::size_t kMaxBareSignatureLines = 10;  ///< after "--" without its space
constexpr std::size_t kMaxAttribution = 400;

constexpr std::string_view kWrote =
    "wrote|writes|schrieb|schreibt|a écrit|a ecrit|escribi\u00F3|ha scritto|schreef|escreveu";
constexpr std::string_view kAttributionStarts = "On |Am |Le |El |Il |Op |Em |Den ";

/// The line above an unmarked copy of the mail that is answered.
constexpr std::string_view kOriginal =
    "Original Message|Original message|Urspr\u00FCngliche Nachricht|Originalnachricht|"
    "Message d'origine|Message original|Mensaje original";

/// Forwarded mail is what the writer wants read.
constexpr std::string_view kForwarded =
    "Forwarded message|Begin forwarded message|Weitergeleitete Nachricht|"
    "Anfang der weitergeleiteten|Message transf\u00E9r\u00E9|"
    "D\u00E9but du message r\u00E9exp\u00E9di\u00E9|Mensaje reenviado";

constexpr std::string_view kMobile =
    "Sent from my |Sent from Mail|Sent from Outlook|Sent from Yahoo|Sent from Proton|"
    "Sent with Proton|Sent via |Get Outlook for |Von meinem |Von meiner |Gesendet von |"
    "Gesendet mit |Diese Nachricht wurde von meinem |Holen Sie sich Outlook|Outlook f\u00FCr |"
    "Envoy\u00E9 de mon |Envoy\u00E9 depuis |Envoy\u00E9 \u00E0 partir d|T\u00E9l\u00E9charge|"
    "Obtenir Outlook|Enviado desde mi ";

bool is_blank(std::string_view line) { return trim(line).empty(); }
bool is_quoted(std::string_view line) {
  const std::size_t at = line.find_first_not_of(' ');
  return at != std::string_view::npos && at <= 2 && line[at] == '>';
}

/// "-----Original Message-----" and its kin: the words between rows of dashes.
bool is_ruled(std::string_view line, auto is_title) {
  line = trim(line);
  if (line.size() > 80 || !line.starts_with("--")) return false;
  while (!line.empty() && (line.front() == '-' || line.front() == ' ')) line.remove_prefix(1);
  return line.ends_with("-") && is_title(line);
}
bool is_original_rule(std::string_view line) {
  return is_ruled(line, [](std::string_view title) { return starts_with_any(title, kOriginal); });
}
bool is_forward_rule(std::string_view line) {
  line = trim(line);
  return is_ruled(line, [](std::string_view t) { return starts_with_any(t, kForwarded); }) ||
         (line.size() < 60 && line.ends_with(':') && starts_with_any(line, kForwarded));
}

/// The key of "Key: value" or "*Key:* value", as Outlook shows the header of the mail it answers.
std::string_view field_key(std::string_view line) {
  line = trim(line);
  while (!line.empty() && line.front() == '*') line.remove_prefix(1);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon > 24) return {};
  std::string_view key = trim(line.substr(0, colon));
  while (!key.empty() && (key.back() == '*' || key.back() == '\xA0' || key.back() == '\xC2'))
    key.remove_suffix(1);
  return key;
}

bool is_header_block(const Lines& lines, std::size_t at) {
  constexpr std::string_view kFrom = "From|Von|De";
  constexpr std::string_view kSent = "Sent|Gesendet|Envoy\u00E9|Enviado|Enviado el";
  constexpr std::string_view kDate = "Date|Datum|Fecha";
  constexpr std::string_view kTo = "To|An|\u00C0|Para|Cc";
  constexpr std::string_view kSubject = "Subject|Betreff|Objet|Asunto";
  if (!equals_any(field_key(lines[at]), kFrom)) return false;
  bool sent = false, dated = false, to = false, subject = false;
  const std::size_t end = std::min(lines.size(), at + 8);
  for (std::size_t i = at + 1; i < end && !is_blank(lines[i]); ++i) {
    const std::string_view key = field_key(lines[i]);
    sent = sent || equals_any(key, kSent);
    // Somebody who reports a mail pastes its header; programs put the date right below From.
    dated = dated || (i == at + 1 && equals_any(key, kDate));
    to = to || equals_any(key, kTo);
    subject = subject || equals_any(key, kSubject);
  }
  return (sent && (to || subject)) || (dated && to && subject);
}

std::size_t next_full(const Lines& lines, std::size_t at) {
  while (at < lines.size() && is_blank(lines[at])) ++at;
  return at;
}

/// How many lines from `at` say who wrote what follows; 0 = none do.
std::size_t attribution_at(const Lines& lines, std::size_t at) {
  std::string words;
  for (std::size_t count = 1; count <= 3 && at + count <= lines.size(); ++count) {
    const std::string_view line = trim(lines[at + count - 1]);
    if (line.empty() || is_quoted(line) || words.size() + line.size() > kMaxAttribution) return 0;
    if (count > 1) words += ' ';
    words += line;
    if (count == 1 && line.back() != ':' && !starts_with_any(line, kAttributionStarts)) return 0;
    if (line.back() != ':') continue;
    const bool of_a_mail = words.find_first_of("0123456789@") != std::string::npos;
    if (!of_a_mail || !contains_any(words, kWrote)) return 0;
    const std::size_t next = next_full(lines, at + count);
    if (next < lines.size() && is_quoted(lines[next])) return count;
    // Without quotation marks below only an address makes it certain; "On 24 Nov the log wrote:"
    // is part of a report.
    const bool addressed = words.find('@') != std::string::npos &&
                           starts_with_any(words, kAttributionStarts) &&
                           words.find_first_of("0123456789") != std::string::npos;
    return addressed ? count : 0;
  }
  return 0;
}

bool is_rule_of_underscores(std::string_view line) {
  line = trim(line);
  return line.size() >= 10 && line.find_first_not_of('_') == std::string_view::npos;
}

class Visible {
 public:
  explicit Visible(std::string_view text) : lines_{split(text, '\n')}, keep_(lines_.size(), true) {}

  std::string read() {
    drop_history();
    drop_signature();
    drop_mobile();
    std::string out;
    bool gap = false;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (!keep_[i] || is_blank(lines_[i])) {
        gap = true;
        continue;
      }
      if (gap && !out.empty()) out += '\n';
      gap = false;
      out += lines_[i];
      out += '\n';
    }
    return out;
  }

 private:
  void drop(std::size_t from, std::size_t to) {
    std::fill(keep_.begin() + static_cast<std::ptrdiff_t>(from),
              keep_.begin() + static_cast<std::ptrdiff_t>(to), false);
  }

  void drop_history() {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (is_forward_rule(lines_[i])) return;
      if (is_quoted(lines_[i])) {
        // ">>>" with nothing above it is a prompt, not a quotation.
        const bool prompt = trim(lines_[i]).starts_with(">>>") && (i == 0 || keep_[i - 1]);
        if (!prompt) drop(i, i + 1);
        continue;
      }
      if (const std::size_t count = attribution_at(lines_, i); count > 0) {
        const std::size_t next = next_full(lines_, i + count);
        const bool quoted = next < lines_.size() && is_quoted(lines_[next]);
        drop(i, quoted ? next : lines_.size());
        if (!quoted) return;
        i = next - 1;
        continue;
      }
      const bool rule = is_original_rule(lines_[i]);
      if (rule && next_full(lines_, i + 1) < lines_.size() &&
          is_quoted(lines_[next_full(lines_, i + 1)])) {
        drop(i, i + 1);
        continue;
      }
      if (rule || is_header_block(lines_, i)) {
        std::size_t from = i;
        while (from > 0 && (is_blank(lines_[from - 1]) || is_rule_of_underscores(lines_[from - 1])))
          --from;
        drop(from, lines_.size());
        return;
      }
    }
  }

  /// The last "-- " of what is kept, up to the history below it.
  void drop_signature() {
    for (std::size_t i = lines_.size(); i-- > 0;) {
      if (!keep_[i]) continue;
      std::string_view line = lines_[i];
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line != "-- " && line != "--") continue;
      std::size_t end = i + 1, full = 0;
      for (; end < lines_.size() && keep_[end]; ++end) full += is_blank(lines_[end]) ? 0 : 1;
      bool nothing_below = true;
      for (std::size_t below = end; below < lines_.size() && nothing_below; ++below)
        nothing_below = !keep_[below] || is_blank(lines_[below]);
      if (nothing_below && full <= (line == "-- " ? kMaxSignatureLines : kMaxBareSignatureLines))
        drop(i, end);
      return;
    }
  }

  /// "Sent from my …" as the last words.
  void drop_mobile() {
    for (std::size_t i = lines_.size(); i-- > 0;) {
      if (!keep_[i] || is_blank(lines_[i])) continue;
      const std::string_view line = trim(lines_[i]);
      const bool two_parts = starts_with_any(line, kMobile) && line.size() <= 120 &&
                             (!starts_with_ignoring_case(line, "Von mein") ||
                              find_ignoring_case(line, "gesendet") != std::string_view::npos);
      if (two_parts) drop(i, i + 1);
      return;
    }
  }

  Lines lines_;
  std::vector<bool> keep_;
};

}  // namespace

std::string visible_reply(std::string_view text) {
  std::string visible = Visible{text}.read();
  return visible.empty() ? std::string{text} : visible;
}

}  // namespace trust::mail
