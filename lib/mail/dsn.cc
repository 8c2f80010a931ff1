#include "lib/mail/dsn.h"

#include <algorithm>
#include <string>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/mail/address.h"
#include "lib/mail/header.h"
#include "lib/mail/transfer.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMaxRecipients = 1000;
constexpr std::size_t kMaxWords = 2000;  ///< bytes of a diagnosis that are looked at

/// "rfc822; a@example.org", "utf-8;…" or a bare address.
std::string recipient_of(std::string_view value) {
  if (const std::size_t type = value.find(';'); type != std::string_view::npos)
    value.remove_prefix(type + 1);
  const auto found = parse_address_list(value);
  return found.empty() ? to_lower(fold_space(value)) : found.front().address;
}

/// RFC 3464 2: blocks of fields with blank lines between; those with a recipient or an action.
std::vector<Header> recipient_blocks(const std::string& body) {
  std::vector<Header> blocks;
  std::string block;
  const auto close = [&] {
    Header header = Header::read(block);
    if (header.has("Final-Recipient") || header.has("Original-Recipient") || header.has("Action"))
      blocks.push_back(std::move(header));
    block.clear();
  };
  for (const std::string_view line : lines_of(body)) {
    if (blocks.size() >= kMaxRecipients) return blocks;
    if (!trim(line).empty()) {
      block += line;
      block += '\n';
    } else if (!block.empty()) {
      close();
    }
  }
  close();
  return blocks;
}

/// The first RFC 3463 code that stands in the text; "" if none. Parts of IP addresses are none.
std::string literal_status(std::string_view text) {
  for (std::size_t i = 0; i + 4 < text.size(); ++i) {
    const char c = text[i];
    if ((c != '2' && c != '4' && c != '5') || text[i + 1] != '.') continue;
    if (i > 0 && (is_digit(text[i - 1]) || text[i - 1] == '.')) continue;
    std::size_t at = i + 2;
    const auto number = [&] {
      const std::size_t from = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return at > from && at - from <= 3;
    };
    if (!number() || at >= text.size() || text[at++] != '.' || !number()) continue;
    const bool longer = at + 1 < text.size() && text[at] == '.' && is_digit(text[at + 1]);
    if (!longer) return std::string{text.substr(i, at - i)};
  }
  return {};
}

/// The first three-digit reply code; '\0' if there is none.
char reply_class(std::string_view text) {
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n' || text[i - 1] == ';' ||
                        text[i - 1] == ':';
    const bool ends =
        i + 3 == text.size() || text[i + 3] == ' ' || text[i + 3] == '-' || text[i + 3] == '\n';
    if (begins && ends && (text[i] == '4' || text[i] == '5') && text[i + 1] <= '5' &&
        is_digit(text[i + 1]) && is_digit(text[i + 2]))
      return text[i];
  }
  return '\0';
}

constexpr std::string_view kNoSuchAddress =
    "user unknown|unknown user|no such user|unknown recipient|recipient unknown|"
    "recipient not found|user not found|mailbox not found|no such mailbox|no mailbox here by|"
    "does not exist|doesn't exist|unknown address|address unknown|address not found|"
    "invalid recipient|invalid mailbox|bad destination|not a valid mailbox|no such recipient|"
    "no longer exists|unknown local|unrouteable address|unroutable address|domain not found|"
    "host not found|unknown host|host unknown|no such domain|nxdomain|name or service not known|"
    "name not found|recipnotfound|addressee unknown|no such address|undeliverable address|nullmx|"
    "does not accept mail|existiert nicht|empf\u00E4nger unbekannt";
constexpr std::string_view kDisabled =
    "mailbox disabled|account disabled|account is disabled|account has been disabled|"
    "mailbox inactive|mailbox is inactive|account inactive|account is inactive|user disabled|"
    "deactivated|mailbox is disabled|account closed|account that you tried to reach is disabled";
constexpr std::string_view kFull =
    "mailbox full|mailbox is full|over quota|overquota|quota exceeded|exceeded storage|"
    "out of storage|storage quota|quotaexceeded|inbox is full|postfach voll|quota";
constexpr std::string_view kContent =
    "too large|size exceeds|size limit|too big|exceeds maximum|virus|malware|attachment|"
    "content rejected";
constexpr std::string_view kUs =
    "unauthorized sender|spf |spf)|dkim|dmarc|blacklist|blocklist|block list|denylist|dnsbl|"
    "spamhaus|reputation|spam|unsolicited|your ip|sender address rejected|sender rejected|"
    "relay access denied|relaying denied|authentication required|reverse dns|blocked|banned|"
    "rate limit";

/// Whether a status is "x." and one of `details`.
bool is_one_of(std::string_view status, std::string_view details) {
  return status.size() > 2 && equals_any(status.substr(2), details);
}

/// Whose fault it is, the surest sign first.
std::string fault_of(std::string_view status, std::string_view words, bool no_address,
                     bool disabled) {
  const char subject = status.size() > 2 ? status[2] : '\0';
  if (contains_any(words, kUs) || is_one_of(status, "1.7|1.8")) return "us";
  if (contains_any(words, kFull)) return "mailbox";
  if (no_address) return "address";
  if (disabled) return "mailbox";
  if (contains_any(words, kContent) || is_one_of(status, "2.3|3.4")) return "content";
  if (subject == '2') return "mailbox";
  if (subject == '6') return "content";
  return subject == '7' ? "us" : "unknown";
}

}  // namespace

Bounce judge_failure(std::string_view status, std::string_view words) {
  words = words.substr(0, kMaxWords);
  const bool address_code = is_one_of(status, "1.1|1.2|1.3|1.6|1.10");
  const bool no_address = contains_any(words, kNoSuchAddress);
  const bool disabled = contains_any(words, kDisabled);
  Bounce b;
  b.status = status;
  b.fault = fault_of(status, words, no_address || address_code, disabled);
  const char code = status.empty() ? reply_class(words) : status[0];
  const bool said = (no_address && b.fault == "address") || (disabled && b.fault == "mailbox");
  b.hard = code != '4' && code != '2' && (address_code || is_one_of(status, "2.1") || said);
  return b;
}

namespace {

/// Action and status of one recipient block; nothing if the mail went on its way.
std::optional<Bounce> read_block(const Header& block, std::string_view letter) {
  const std::string action = to_lower(trim(block.value("Action")));
  std::string status = literal_status(block.value("Status"));
  const std::string diagnosis = fold_space(block.value("Diagnostic-Code"));
  if (status.empty()) status = literal_status(diagnosis);
  if (action == "delivered" || action == "relayed" || action == "expanded") return {};
  const bool failed = action == "failed" || (action != "delayed" && !status.starts_with("4"));
  if (action != "failed" && action != "delayed" && status.starts_with("2")) return {};

  Bounce bounce = judge_failure(status, diagnosis.empty() ? letter : std::string_view{diagnosis});
  bounce.hard = bounce.hard && failed;
  bounce.recipient = recipient_of(block.value("Final-Recipient"));
  if (bounce.recipient.find('@') == std::string::npos && block.has("Original-Recipient"))
    bounce.recipient = recipient_of(block.value("Original-Recipient"));
  return bounce;
}

/// An address at the start of a line that names a recipient: "<a@b>:", "  a@b", "'a@b' on …".
std::string recipient_at(std::string_view line) {
  const bool indented = line.starts_with(" ") || line.starts_with("\t");
  line = trim(line);
  const bool framed = line.starts_with("<") || line.starts_with("'") || line.starts_with("\"");
  if (framed) line.remove_prefix(1);
  const std::size_t end = std::min(line.find_first_of(">'\" \t,;"), line.size());
  std::string_view address = line.substr(0, end);
  const bool closed = framed && end < line.size() && line[end] != ' ';
  if (address.ends_with(":")) address.remove_suffix(1);
  const bool alone = end == line.size();
  const std::size_t at = address.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 >= address.size() || address.size() > 320 ||
      (!closed && !(alone && indented) && !alone))
    return {};
  if (address.find_first_of("()[]:/=\\") != std::string_view::npos) return {};
  return to_lower(address);
}

constexpr std::string_view kFailed =
    "could not be delivered|couldn't be delivered|wasn't able to deliver|unable to deliver|"
    "undeliverable|undelivered mail|delivery has failed|permanent fatal error|permanent error|"
    "did not reach|was not delivered|wasn't delivered|delivery failed|delivery failure|"
    "delivery status notification (failure)|failure notice|returned mail|unzustellbar|"
    "nicht zugestellt werden|non remis";
constexpr std::string_view kDelayed =
    "has not yet been delivered|not been delivered yet|delivery status notification (delay)|"
    "warning: could not send|delivery is delayed|will continue to be attempted|"
    "do not need to resend|delayed mail (still being retried)";

/// The letter without the copy of our mail that follows it.
std::string_view without_copy(std::string_view text) {
  for (const std::string_view mark :
       {"--- Below this line is a copy", "--- Enclosed is a copy", "------ This is a copy of",
        "----- Original message -----", "----- Message header follows", "   ----- Unsent message"})
    text = text.substr(0, text.find(mark));
  return text;
}

std::vector<Bounce> read_letter(std::string_view text, const Header& header, bool delayed) {
  std::vector<Bounce> bounces;
  const std::vector<std::string_view> lines = lines_of(text);
  std::string recipient, words;
  const auto close = [&] {
    if (recipient.empty() || bounces.size() >= kMaxRecipients) return;
    const auto same = [&](const Bounce& b) { return b.recipient == recipient; };
    Bounce bounce = judge_failure(literal_status(words), words);
    bounce.hard = bounce.hard && !delayed;
    bounce.recipient = recipient;
    const auto known = std::find_if(bounces.begin(), bounces.end(), same);
    if (known == bounces.end())
      bounces.push_back(std::move(bounce));
    else if (known->status.empty() && !bounce.status.empty())
      *known = std::move(bounce);
  };
  for (const std::string_view line : lines) {
    if (std::string next = recipient_at(line); !next.empty()) {
      close();
      recipient = std::move(next);
      words.clear();
      if (const std::size_t rest = line.find('>'); rest != std::string_view::npos)
        words = line.substr(rest + 1);
    } else if (words.size() < kMaxWords) {
      words += ' ';
      words += trim(line);
    }
  }
  close();
  // Exim names the failed ones; whatever else looked like an address in its letter is not one.
  const auto named = parse_address_list(header.value("X-Failed-Recipients"));
  if (!named.empty()) {
    std::vector<Bounce> wanted;
    for (const Address& address : named) {
      const auto same = [&](const Bounce& b) { return b.recipient == address.address; };
      const auto known = std::find_if(bounces.begin(), bounces.end(), same);
      Bounce bounce = known != bounces.end() ? *known : judge_failure(literal_status(text), text);
      bounce.recipient = address.address;
      wanted.push_back(std::move(bounce));
    }
    return wanted;
  }
  if (bounces.empty()) {
    bounces.push_back(judge_failure(literal_status(text.substr(0, kMaxWords)), text));
    bounces.back().hard = bounces.back().hard && !delayed;
  }
  return bounces;
}

bool is_from_daemon(const Header& header, std::string_view from_address) {
  std::string local = to_lower(from_address.substr(0, from_address.find('@')));
  local.erase(std::remove(local.begin(), local.end(), '-'), local.end());
  return equals_any(local, "mailerdaemon|postmaster|maildaemon") ||
         header.has("X-Failed-Recipients") || trim(header.value("Return-Path")) == "<>";
}

}  // namespace

DeliveryReport read_delivery_report(std::string_view raw, const Part& root, const Header& header,
                                    std::string_view subject, std::string_view text,
                                    std::string_view from_address) {
  DeliveryReport report;
  const bool from_daemon = is_from_daemon(header, from_address);
  const Part* status = find_part(root, [](const Part& part) {
    return part.type == "message/delivery-status" || part.type == "message/global-delivery-status";
  });
  if (status != nullptr && (root.type == "multipart/report" || from_daemon)) {
    const auto blocks =
        recipient_blocks(decode_transfer(status->body(raw), encoding_of(status->encoding)));
    for (const Header& block : blocks)
      if (std::optional<Bounce> bounce = read_block(block, blocks.size() == 1 ? text : ""))
        report.bounces.push_back(*std::move(bounce));
    report.is_bounce = !report.bounces.empty();
    if (!blocks.empty()) return report;
  }
  const std::string_view letter = without_copy(text.substr(0, 256U << 10U));
  const std::string_view start = letter.substr(0, 4 * kMaxWords);
  const bool delayed = contains_any(start, kDelayed) || contains_any(subject, kDelayed);
  const bool failed = contains_any(start, kFailed) || contains_any(subject, kFailed) ||
                      header.has("X-Failed-Recipients") || start.starts_with("Hi. This is the");
  const bool receipt =
      root.type == "multipart/report" && status == nullptr &&
      find_ignoring_case(header.value("Content-Type"), "delivery-status") == std::string_view::npos;
  report.is_bounce = from_daemon && !receipt && (failed || delayed);
  if (report.is_bounce)
    report.bounces = read_letter(letter, header, delayed && !header.has("X-Failed-Recipients"));
  return report;
}

std::optional<Arf> read_abuse_report(std::string_view raw, const Part& root) {
  const Part* part =
      find_part(root, [](const Part& p) { return p.type == "message/feedback-report"; });
  if (part == nullptr) return {};
  const std::string body = decode_transfer(part->body(raw), encoding_of(part->encoding));
  const Header report = Header::read(body);
  Arf arf;
  arf.feedback_type = to_lower(decode_text(report.value("Feedback-Type")).text);
  arf.source_ip = decode_text(report.value("Source-IP")).text;
  const auto rcpt = parse_address_list(report.value("Original-Rcpt-To"));
  if (!rcpt.empty()) arf.original_rcpt = rcpt.front().address;
  return arf;
}

}  // namespace trust::mail
