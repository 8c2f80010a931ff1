#include "lib/mail/parse.h"

#include <sodium.h>
#include <algorithm>
#include <string>

#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "lib/mail/dsn.h"
#include "lib/mail/header.h"
#include "lib/mail/scan.h"
#include "lib/mail/signs.h"
#include "lib/mail/split.h"
#include "lib/mail/text_body.h"
#include "lib/mail/visible_reply.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMaxAuthentication = 20;

std::vector<std::string> addresses_of(const Header& header, std::string_view name) {
  std::vector<std::string> out;
  for (const std::string_view value : header.values(name))
    for (Address& found : parse_address_list(value))
      if (!found.address.empty()) out.push_back(std::move(found.address));
  return out;
}

std::string first_address(const Header& header, std::string_view name) {
  const auto found = parse_address_list(header.value(name));
  return found.empty() ? "" : found.front().address;
}

/// Of the fields that RFC 5322 3.6 allows once and that people and programs go by.
std::vector<std::string> doubled_fields_of(const Header& header) {
  std::vector<std::string> names;
  for (const char* name : {"from", "sender", "reply-to", "subject", "message-id", "date"})
    if (header.count(name) > 1) names.emplace_back(name);
  return names;
}

std::string list_id_of(const Header& header) {
  std::string_view value = header.value("List-Id");
  const std::size_t open = value.rfind('<');
  if (open != std::string_view::npos) {
    value.remove_prefix(open + 1);
    value = value.substr(0, value.find('>'));
  }
  if (trim(value).empty()) value = header.value("X-Google-Group-Id");
  return to_clean_utf8(to_lower(trim(value)));
}

ParsedMail read_header(const Header& header) {
  ParsedMail mail;
  DecodedText subject = decode_text(header.value("Subject"));
  mail.subject = std::move(subject.text);
  mail.lossy_charset = subject.lossy;
  if (auto from = parse_address_list(header.value("From")); !from.empty())
    mail.from = std::move(from.front());
  mail.reply_to = parse_address_list(header.value("Reply-To"));
  mail.to = addresses_of(header, "To");
  mail.cc = addresses_of(header, "Cc");
  for (const std::string_view name : {"Delivered-To", "X-Original-To", "Envelope-To"})
    for (std::string& address : addresses_of(header, name))
      mail.delivered_to.push_back(std::move(address));
  mail.has_return_path = header.has("Return-Path");
  mail.return_path = first_address(header, "Return-Path");
  mail.date = parse_date(header.value("Date"));
  if (auto ids = parse_message_ids(header.value("Message-ID")); !ids.empty())
    mail.message_id = std::move(ids.front());
  mail.in_reply_to = parse_message_ids(header.value("In-Reply-To"));
  mail.references = parse_message_ids(header.value("References"));
  mail.doubled_fields = doubled_fields_of(header);
  mail.list_id = list_id_of(header);
  mail.original_from = first_address(header, "X-Original-From");
  if (mail.original_from.empty()) mail.original_from = first_address(header, "X-Original-Sender");
  for (const std::string_view value : header.values("Authentication-Results"))
    if (mail.authentication.size() < kMaxAuthentication)
      mail.authentication.push_back(read_authentication(value));
  const std::string_view received = header.value("Received");
  if (const std::size_t at = received.rfind(';'); at != std::string_view::npos)
    mail.topmost_received = parse_date(received.substr(at + 1));
  return mail;
}

void note_automatic(ParsedMail& mail, const Automatic& a) {
  mail.is_auto_reply = a.is_auto_reply && !mail.is_bounce && !mail.arf;
  mail.is_bulk = a.is_bulk;
  mail.suppresses_auto_reply = a.suppresses_auto_reply;
  const bool report = mail.is_bounce || mail.arf.has_value();
  mail.must_not_ack = a.must_not_ack || report;
  mail.must_not_ack_apart_from_list = a.must_not_ack_apart_from_list || report;
}

std::string digest_of(const Header& header, std::string_view body) {
  return content_sha256({.from = header.value("From"),
                         .date = header.value("Date"),
                         .message_id = header.value("Message-ID"),
                         .subject = header.value("Subject"),
                         .body = body});
}

constexpr std::size_t kMaxHeader = 256U << 10U;
constexpr std::size_t kMaxValue = 64U << 10U;

struct Values {
  std::string from, date, message_id, subject;
};

/// The value of the field whose name stands at the start of the line; nullptr: none of ours, or a
/// second one of its name.
std::string* place_for(std::string_view line, Values& values) {
  const std::string_view name = trim(line.substr(0, line.find(':')));
  std::string* const place = equals_ignoring_case(name, "From")         ? &values.from
                             : equals_ignoring_case(name, "Date")       ? &values.date
                             : equals_ignoring_case(name, "Message-ID") ? &values.message_id
                             : equals_ignoring_case(name, "Subject")    ? &values.subject
                                                                        : nullptr;
  return place != nullptr && place->empty() ? place : nullptr;
}

std::string inside_brackets(std::string_view value) {
  const std::size_t open = value.rfind('<');
  if (open != std::string_view::npos) {
    value.remove_prefix(open + 1);
    value = value.substr(0, value.find('>'));
  }
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '<' && c != '"' && c != '(' && c != ',' && c != ':';
  });
  return plain && value.find('@') != std::string_view::npos ? std::string{value} : "";
}

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

ParsedMail parse(std::string_view raw) {
  const ScanLimits limits;
  if (raw.size() > limits.message_bytes) return parse_header_only(raw, "message_too_large");
  const Tree tree = split_parts(raw, limits);
  const Part& root = tree.root;
  const Header header = Header::read(root.header(raw));
  ParsedMail mail = read_header(header);

  Body body = read_body(raw, root);
  mail.text = std::move(body.text);
  mail.has_html = body.has_html;
  mail.attachments = std::move(body.attachments);
  mail.lossy_charset = mail.lossy_charset || body.lossy_charset;
  mail.visible_reply = visible_reply(mail.text);
  mail.encrypted = is_encrypted(raw, root, mail.text);

  DeliveryReport report =
      read_delivery_report(raw, root, header, mail.subject, mail.text, mail.from.address);
  mail.arf = read_abuse_report(raw, root);
  mail.is_bounce = report.is_bounce && !mail.arf;
  if (mail.is_bounce) mail.bounces = std::move(report.bounces);
  note_automatic(mail,
                 read_automatic(header, root.type, mail.subject, mail.text, mail.from.address));

  mail.unparsed = !tree.limit.empty();
  mail.unparsed_because = tree.limit;
  mail.content_sha256 = digest_of(header, root.body(raw));
  return mail;
}

ParsedMail parse_header_only(std::string_view raw, std::string_view because) {
  const HeaderBlock block = find_header_block(raw, 0, raw.size(), {});
  const Header header = Header::read(raw.substr(block.begin, block.end - block.begin));
  ParsedMail mail = read_header(header);
  const Parameterised type = parse_parameters(header.value("Content-Type"));
  note_automatic(mail, read_automatic(header, type.value, mail.subject, "", mail.from.address));
  mail.unparsed = true;
  mail.unparsed_because = because;
  mail.content_sha256 = digest_of(header, raw.substr(block.body));
  return mail;
}

ParsedMail parse_hardly(std::string_view raw, std::string_view because) {
  Values values;
  std::string* open = nullptr;
  std::size_t at = std::min(raw.find_first_not_of("\r\n"), raw.size());
  while (at < raw.size() && at < kMaxHeader) {
    const std::size_t end = std::min(raw.find_first_of("\r\n", at), raw.size());
    const std::string_view line = raw.substr(at, end - at);
    at = end + (raw.substr(end, 2) == "\r\n" ? 2 : 1);
    if (line.empty()) break;
    const bool goes_on = line.front() == ' ' || line.front() == '\t';
    if (!goes_on) open = place_for(line, values);
    if (open == nullptr) continue;
    const std::string_view piece = goes_on ? line : line.substr(line.find(':') + 1);
    open->append(piece.substr(0, kMaxValue - std::min(kMaxValue, open->size())));
  }
  ParsedMail mail;
  mail.subject = to_clean_utf8(fold_space(values.subject));
  mail.from.address = to_lower(inside_brackets(trim(values.from)));
  mail.message_id = inside_brackets(trim(values.message_id));
  mail.must_not_ack = mail.must_not_ack_apart_from_list = true;
  mail.unparsed = true;
  mail.unparsed_because = because;
  mail.content_sha256 = content_sha256({.from = values.from,
                                        .date = values.date,
                                        .message_id = values.message_id,
                                        .subject = values.subject,
                                        .body = raw.substr(std::min(at, raw.size()))});
  return mail;
}

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
