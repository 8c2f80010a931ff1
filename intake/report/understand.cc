#include "intake/report/understand.h"

#include <algorithm>
#include <string>

#include "lib/base/ascii.h"
#include "lib/base/names.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/mail/address.h"

namespace trust::intake {

namespace {

constexpr std::size_t kMostText = 256U << 10U;
constexpr int kFewestLetters = 20;  // fewer say nothing about what was observed

/// What the writer says themselves: a reply's quoted history is ours or somebody else's words.
std::string_view own_words(const mail::ParsedMail& mail) {
  const bool is_reply = !mail.in_reply_to.empty() || !mail.references.empty();
  return is_reply && !mail.visible_reply.empty() ? mail.visible_reply : mail.text;
}

bool says_something(std::string_view text) {
  int letters = 0;
  for (const char c : text) {
    if ((is_letter(c) || static_cast<unsigned char>(c) >= 0x80) && ++letters >= kFewestLetters)
      return true;
  }
  return false;
}

bool is_empty(const mail::ParsedMail& mail) {
  return trim(mail.subject).empty() && trim(mail.text).empty() && mail.attachments.empty() &&
         !mail.encrypted && !mail.unparsed;
}

/// Why a mail that no machine wrote is still no report yet; "" if it is one.
std::string doubt(const mail::ParsedMail& mail, const MailContext& context, const Sender& sender,
                  bool automatic) {
  if (context.folder == "\\Junk") return "junk_folder";
  if (sender.is_ourselves) return "own_address";
  if (sender.address.address.empty()) return "no_sender";
  if (mail.arf) return "abuse_report";
  if (automatic) return "automatic";
  if (is_empty(mail)) return "empty";
  return "";
}

/// What may be turned into a report by nobody but a person.
bool is_never_a_report(std::string_view because) {
  return equals_any(because, "own_address|abuse_report|empty");
}

bool is_ours(std::string_view address, const std::vector<std::string>& own) {
  return std::any_of(own.begin(), own.end(),
                     [&](const std::string& a) { return equals_ignoring_case(a, address); });
}

/// "security@example.org" and "security.example.org" name the same list.
std::string as_list_id(std::string_view name) {
  std::string id = to_lower(trim(name));
  std::replace(id.begin(), id.end(), '@', '.');
  return id;
}

constexpr std::size_t kLongestMark = 16;  // bytes of "Re", "Fwd", "AW", "Antwort", "转发"
constexpr int kMostMarks = 20;

/// Blanks, zero-width characters and full-width forms brought to ASCII.
std::string plain_form(std::string_view subject) {
  struct Pair {
    std::string_view from, to;
  };
  constexpr Pair kPairs[] = {{"\xC2\xA0", " "},     {"\xE2\x80\x8B", ""},  {"\xE2\x80\x8C", ""},
                             {"\xE2\x80\x8D", ""},  {"\xE2\x80\x8E", ""},  {"\xE2\x80\x8F", ""},
                             {"\xE2\x81\xA0", ""},  {"\xEF\xBB\xBF", ""},  {"\xC2\xAD", ""},
                             {"\xE3\x80\x80", " "}, {"\xE2\x80\x93", "-"}, {"\xE2\x80\x94", "-"},
                             {"\xE2\x80\xAF", " "}, {"\xE2\x80\x89", " "}, {"\xEF\xB8\x8F", ""}};
  std::string out;
  for (std::size_t at = 0; at < subject.size();) {
    const std::string_view rest = subject.substr(at);
    const auto pair = std::find_if(std::begin(kPairs), std::end(kPairs),
                                   [&](const Pair& p) { return rest.starts_with(p.from); });
    if (pair != std::end(kPairs)) {
      out += pair->to;
      at += pair->from.size();
    } else if (rest.size() > 2 && rest[0] == '\xEF' && (rest[1] == '\xBC' || rest[1] == '\xBD')) {
      // U+FF01-FF5E are ASCII, wide (EF BC 81 is "!", EF BD 80 is "`").
      const int low = static_cast<unsigned char>(rest[2]) - 0x80;
      const int ascii = (rest[1] == '\xBC' ? 0x20 : 0x60) + low;
      out += ascii > 0x20 && ascii < 0x7F ? static_cast<char>(ascii) : '?';
      at += 3;
    } else {
      out += subject[at++];
    }
  }
  return to_lower(out);
}

bool is_word(char c) { return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80; }

/// What stands around the words: anything but letters and digits.
void skip_ornaments(std::string_view& text) {
  for (;;) {
    // Symbols of four bytes are emoji, those of E2 are arrows, bullets and signs: no letters.
    if (!text.empty() && (text.front() == '\xF0' || text.front() == '\xE2'))
      text.remove_prefix(std::min<std::size_t>(text.size(), text.front() == '\xF0' ? 4 : 3));
    else if (!text.empty() && !is_word(text.front()) && text.front() != '[')
      text.remove_prefix(1);
    else
      return;
  }
}

bool begins_with_the_words(std::string_view text) {
  const auto take = [&](std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
  };
  const auto take_any = [&](std::string_view characters) {
    const std::size_t end = std::min(text.find_first_not_of(characters), text.size());
    text.remove_prefix(end);
    return end > 0;
  };
  if (!take("security")) return false;
  take_any(" \t\r\n-_/*");
  if (!take("urgent")) return false;
  take_any(" \t");
  return text.empty() ||
         std::string_view{":-])}>!|,;.*_\"'"}.find(text.front()) != std::string_view::npos;
}

}  // namespace

bool opens_promise(MailKind kind) {
  return kind == MailKind::symptom || kind == MailKind::vulnerability;
}

Understood understand(const mail::ParsedMail& mail, const MailContext& context,
                      const ServiceBook& services) {
  Understood said;
  const bool prefix = says_security_urgent(mail.subject);
  said.encrypted = mail.encrypted;
  said.urgent = prefix || mail.encrypted;
  said.sender = sender_of(mail, context.own_addresses);
  said.authentication = believed_authentication(mail, context.authserv_id);

  const std::string_view words = cut_utf8(own_words(mail), kMostText);
  const std::string whole = mail.subject + '\n' + std::string{words};
  said.services = services.find(whole);
  said.times = times_in(whole, context.received);

  const bool by_own_list = came_by_own_list(mail, context.own_addresses, context.own_lists);
  const bool silent = by_own_list ? mail.must_not_ack_apart_from_list : mail.must_not_ack;
  const MailKind report = prefix ? MailKind::vulnerability : MailKind::symptom;
  const bool is_bulk = mail.is_bulk && !by_own_list;
  if (mail.is_bounce) {
    said.kind = MailKind::bounce;
  } else if (mail.is_auto_reply) {
    said.kind = MailKind::auto_reply;
  } else if (is_bulk && !said.urgent) {
    said.kind = MailKind::bulk;
  } else {
    said.look_because = doubt(mail, context, said.sender, silent && !is_bulk && !mail.unparsed);
    const bool vouched = said.authentication.dmarc == "pass" && !said.services.empty();
    const bool by_itself = (said.urgent || vouched) && !is_never_a_report(said.look_because);
    if (said.look_because.empty() || by_itself) {
      said.kind = report;
      said.look_because.clear();
    }
  }
  if (!opens_promise(said.kind) && said.kind != MailKind::look) said.urgent = false;

  if (!mail.encrypted) {
    if (!says_something(words) && mail.attachments.empty()) said.missing.push_back("what");
    if (said.times.empty()) said.missing.push_back("when");
    if (said.services.empty()) said.missing.push_back("service");
  }
  said.may_acknowledge = opens_promise(said.kind) && !said.sender.is_ourselves && !silent &&
                         !mail.suppresses_auto_reply &&
                         mail::strict_address(said.sender.address.address).has_value();
  return said;
}

Sender sender_of(const mail::ParsedMail& mail, const std::vector<std::string>& own_addresses) {
  Sender sender{mail.from};
  if (mail.from.address.empty() || !is_ours(mail.from.address, own_addresses)) return sender;
  const auto replace = [&](const std::string& name, const std::string& address) {
    if (address.empty() || is_ours(address, own_addresses)) return false;
    sender = {{name, address}, /*replaced=*/true};
    return true;
  };
  if (replace(mail.from.name, mail.original_from)) return sender;
  for (const mail::Address& address : mail.reply_to)
    if (replace(address.name, address.address)) return sender;
  sender.is_ourselves = true;
  return sender;
}

mail::Authentication believed_authentication(const mail::ParsedMail& mail,
                                             std::string_view authserv_id) {
  if (mail.authentication.empty()) return {};
  const mail::Authentication& top = mail.authentication.front();
  if (!authserv_id.empty() && !equals_ignoring_case(top.authserv_id, authserv_id)) return {};
  return top;
}

bool came_by_own_list(const mail::ParsedMail& mail, const std::vector<std::string>& own_addresses,
                      const std::vector<std::string>& own_lists) {
  if (mail.list_id.empty()) return false;
  const std::string id = as_list_id(mail.list_id);
  const auto same = [&](const std::string& own) { return as_list_id(own) == id; };
  return std::any_of(own_addresses.begin(), own_addresses.end(), same) ||
         std::any_of(own_lists.begin(), own_lists.end(), same);
}

bool says_security_urgent(std::string_view subject) {
  const std::string plain = plain_form(subject.substr(0, 1000));
  std::string_view text = plain;
  for (int marks = 0; marks < kMostMarks; ++marks) {
    skip_ornaments(text);
    if (text.starts_with('[')) {
      if (begins_with_the_words(text.substr(std::min(text.find_first_not_of("[ "), text.size()))))
        return true;
      const std::size_t close = text.find(']');
      if (close == std::string_view::npos) return false;
      text.remove_prefix(close + 1);
      continue;
    }
    if (begins_with_the_words(text)) return true;
    // "Re:", "Re[2]:", "AW :", "Antwort:"
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon > kLongestMark) return false;
    const std::string_view mark = trim(text.substr(0, colon));
    if (mark.find(' ') != std::string_view::npos) return false;
    text.remove_prefix(colon + 1);
  }
  return false;
}

}  // namespace trust::intake
