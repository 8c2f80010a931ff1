#include "lib/mail/address.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMostAddresses = 1000;
constexpr std::size_t kMostLenient = 998;  // octets of an address that is only read

bool is_atext(char c) {
  return is_alnum(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

bool is_dot_atom(std::string_view text) {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !is_atext(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

/// One mailbox while it is read.
struct Open {
  std::string phrase;   ///< words and quoted content before the <>, raw
  std::string spec;     ///< the same, as an addr-spec would have it: quotes kept, no comments
  std::string angle;    ///< content of the <>
  std::string after;    ///< words behind the <>: of the next mailbox, if a comma is missing
  std::string comment;  ///< content of the last comment
  bool has_angle = false;
};

/// Without white space and comments; a source route and "mailto:" go. "" unless it is local@domain.
std::string clean_address(std::string_view spec) {
  std::string text;
  bool quoted = false;
  std::size_t comments = 0;
  for (std::size_t i = 0; i < spec.size(); ++i) {
    const char c = spec[i];
    if (!quoted && c == '(') ++comments;
    if (comments > 0) {
      if (c == ')') --comments;
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\' && i + 1 < spec.size()) {
      text += c;
      text += spec[++i];
      continue;
    }
    if (quoted || !is_space(c)) text += c;
  }
  if (text.starts_with('@'))  // RFC 5322 4.4: "@a,@b:user@c"
    if (const std::size_t colon = text.find(':'); colon != std::string::npos)
      text.erase(0, colon + 1);
  if (starts_with_ignoring_case(text, "mailto:")) text.erase(0, 7);
  while (text.ends_with('.')) text.pop_back();
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size() || text.size() > kMostLenient)
    return "";
  std::string local = text.substr(0, at);
  const std::string domain = text.substr(at + 1);
  if (local.size() > 2 && local.front() == '"' && local.back() == '"' &&
      is_dot_atom(std::string_view{local}.substr(1, local.size() - 2)))
    local = local.substr(1, local.size() - 2);
  if (domain.find_first_of("\"<>(),;: ") != std::string::npos && domain.front() != '[') return "";
  if (std::any_of(text.begin(), text.end(), is_control)) return "";
  return to_lower(to_utf8(local + '@' + domain, "").text);
}

/// Reads a list in one pass, without recursion.
class ListReader {
 public:
  explicit ListReader(std::string_view text) : text_{text}, words_{text} {}

  std::vector<Address> read() {
    while (at_ < text_.size() && found_.size() < kMostAddresses) step();
    finish();
    if (found_.size() > kMostAddresses) found_.resize(kMostAddresses);
    return std::move(found_);
  }

 private:
  void step() {
    const char c = text_[at_];
    switch (c) {
      case ',':
      case ';':
        finish();
        ++at_;
        return;
      case ':':
        ++at_;
        if (open_.spec.find('@') == std::string::npos)
          open_ = {};  // the name of a group, or "mailto"
        else
          add(c);
        return;
      case '(':
        if (take_comment()) return;
        break;
      case '"':
        if (take_quoted()) return;
        ++at_;  // a quote that is never closed
        return;
      case '<': take_angle(); return;
      case '\\':
        if (++at_ < text_.size()) add(text_[at_++]);
        return;
      case '=':
        if (const auto word = words_.at(at_)) {  // may hold commas and brackets
          const std::string_view all = text_.substr(at_, word->end - at_);
          words_here() += all;
          open_.spec += all;
          at_ = word->end;
          return;
        }
        break;
      default: break;
    }
    add(c);
    ++at_;
  }

  std::string& words_here() { return open_.has_angle ? open_.after : open_.phrase; }

  void add(char c) {
    words_here() += c;
    open_.spec += c;
  }

  bool take_comment() {
    if (endless_comment_) return false;
    const std::size_t end = comment_end(text_, at_);
    endless_comment_ = end == std::string_view::npos;  // then it is text; looking once is enough
    if (endless_comment_) return false;
    open_.comment = text_.substr(at_ + 1, end - at_ - 2);
    words_here() += ' ';
    at_ = end;
    return true;
  }

  bool take_quoted() {
    if (endless_quote_) return false;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
        continue;
      }
      if (text_[i] != '"') continue;
      for (std::size_t k = at_ + 1; k < i; ++k) {
        if (text_[k] == '\\' && k + 1 < i) ++k;
        words_here() += text_[k];
      }
      open_.spec += text_.substr(at_, i + 1 - at_);
      at_ = i + 1;
      return true;
    }
    endless_quote_ = true;
    return false;
  }

  /// "<…>", or up to the comma if it is never closed.
  void take_angle() {
    if (open_.has_angle) {
      std::string words = std::move(open_.after);
      finish();
      open_.phrase = std::move(words);
    }
    bool quoted = false, route = false, empty = true;
    std::size_t i = at_ + 1;
    for (; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '\\' && quoted) {
        ++i;
        continue;
      }
      if (c == '"') quoted = !quoted;
      if (quoted) continue;
      if (c == '@' && empty) route = true;  // "<@a,@b:user@c>"
      if (!is_space(c)) empty = false;
      if (c == ':') route = false;
      if (c == '>' || c == '<' || ((c == ',' || c == ';') && !route)) break;
    }
    if (i > text_.size()) i = text_.size();
    open_.angle = text_.substr(at_ + 1, i - at_ - 1);
    open_.has_angle = true;
    at_ = i < text_.size() && text_[i] == '>' ? i + 1 : i;
  }

  void finish() {
    Open open = std::exchange(open_, {});
    Address address;
    if (open.has_angle) {
      address.address = clean_address(open.angle);
      if (!address.address.empty()) address.name = decode_text(open.phrase).text;
    } else {
      address.address = clean_address(open.spec);
      const std::string_view spec = trim(open.spec);
      const std::size_t gap = spec.find_last_of(" \t");
      if (gap != std::string_view::npos && spec.find('@') > gap && spec.find('"') > gap) {
        // "Ann Lee ann@example.org": a name without brackets around the address.
        const std::string last = clean_address(spec.substr(gap + 1));
        if (!last.empty()) {
          address.address = last;
          address.name = decode_text(spec.substr(0, gap)).text;
        }
      }
    }
    if (address.address.empty()) return;
    if (address.name.empty()) address.name = decode_text(open.comment).text;
    found_.push_back(std::move(address));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  EncodedWords words_;
  Open open_;
  bool endless_comment_ = false;
  bool endless_quote_ = false;
  std::vector<Address> found_;
};

Error refused(const char* why) { return {Fault::invalid, std::string{"not an address: "} + why}; }

/// The domain as A-labels; "" if IDNA 2008 (UTS 46, non-transitional) refuses it.
std::string to_ascii_domain(const std::string& domain) {
  char* made = nullptr;
  const int failed = idn2_to_ascii_8z(domain.c_str(), &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owner{made, idn2_free};
  if (failed != IDN2_OK || made == nullptr) return "";
  return to_lower(made);
}

bool is_host_name(std::string_view domain) {
  const auto labels = split(domain, '.');
  for (const std::string_view label : labels) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    if (!all_of(label, [](char c) { return is_alnum(c) || c == '-'; })) return false;
  }
  return !all_of(labels.back(), is_digit);
}

}  // namespace

std::vector<Address> parse_address_list(std::string_view raw_value) {
  return ListReader{raw_value}.read();
}

Result<std::string> strict_address(std::string_view text) {
  if (text.size() > 254) return refused("longer than 254 octets");
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return refused("there is no @");
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  if (local.size() > 64) return refused("the part before the @ is longer than 64 octets");
  if (!is_dot_atom(local) || local.find("=?") != std::string_view::npos)
    return refused(
        "the part before the @ may only hold letters, digits, dots and !#$%&'*+-/=?^_`{|}~");
  // Only what can be a domain reaches the IDNA library, which sees ends at NUL and maps a lot.
  const bool plain = all_of(domain, [](char c) {
    return static_cast<unsigned char>(c) >= 0x80 || c == '.' || c == '-' || is_alnum(c);
  });
  if (domain.empty() || !plain || !is_valid_utf8(domain)) return refused("the domain is none");
  const std::string ascii = to_ascii_domain(std::string{domain});
  if (ascii.empty() || !is_host_name(ascii)) return refused("the domain is none");
  if (ascii.find('.') == std::string::npos && ascii != "localhost")
    return refused("the domain has no dot");
  std::string whole = to_lower(local) + '@' + ascii;
  if (whole.size() > 254) return refused("longer than 254 octets");
  return whole;
}

std::string_view domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view{} : address.substr(at + 1);
}

}  // namespace trust::mail
