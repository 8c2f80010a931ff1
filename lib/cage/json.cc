#include "lib/cage/json.h"

#include <nlohmann/json.hpp>

#include "lib/base/text.h"

namespace trust::cage {

namespace {

using nlohmann::json;

/// What the mail does not have is null, as CLI.md wants it.
json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json time_or_null(const std::optional<UtcTime>& time) {
  return time ? json(to_rfc3339(*time)) : json(nullptr);
}

json to_json(const mail::Attachment& a) {
  return {{"name", or_null(a.name)},
          {"bytes", a.bytes ? json(*a.bytes) : json(nullptr)},
          {"type", a.type},
          {"begin", a.begin},
          {"end", a.end},
          {"encoding", a.encoding}};
}

json to_json(const mail::Bounce& b) {
  return {{"recipient", or_null(b.recipient)},
          {"status", or_null(b.status)},
          {"kind", b.hard ? "hard" : "soft"},
          {"fault", b.fault}};
}

json to_json(const mail::Address& a) { return {{"address", a.address}, {"name", a.name}}; }

json to_json(const mail::Authentication& a) {
  return {{"authserv_id", a.authserv_id}, {"dmarc", a.dmarc}, {"auth", a.auth}};
}

template <class T>
json list_of(const std::vector<T>& values) {
  json out = json::array();
  for (const T& value : values) out.push_back(to_json(value));
  return out;
}

/// Reads an object's members; a wrong type or bad UTF-8 fails the whole.
class Reader {
 public:
  explicit Reader(const json& object) : object_{object}, good_{object.is_object()} {}
  bool good() const { return good_; }

  std::string text(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return fail(), std::string{};
    return clean(value->get_ref<const std::string&>());
  }
  bool flag(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return fail(), false;
    return value->get<bool>();
  }
  std::optional<std::uint64_t> number(const char* key) {
    const json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_number_unsigned()) return fail(), std::nullopt;
    return value->get<std::uint64_t>();
  }
  std::optional<UtcTime> time(const char* key) {
    const std::string words = text(key);
    if (words.empty()) return {};
    const Result<UtcTime> read = parse_rfc3339(words);
    if (!read) return fail(), std::nullopt;
    return *read;
  }
  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> out;
    each(key, [&](const json& value) {
      if (!value.is_string()) return fail();
      out.push_back(clean(value.get_ref<const std::string&>()));
    });
    return out;
  }
  /// Every object of the list, read by `read`.
  template <class Read>
  auto objects(const char* key, Read read) {
    std::vector<decltype(read(std::declval<Reader&>()))> out;
    each(key, [&](const json& value) {
      Reader inner{value};
      out.push_back(read(inner));
      if (!inner.good()) fail();
    });
    return out;
  }
  const json* find(const char* key) {
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  void fail() { good_ = false; }

 private:
  template <class Use>
  void each(const char* key, Use use) {
    const json* value = find(key);
    if (value == nullptr) return;
    if (!value->is_array()) return fail();
    for (const json& element : *value) use(element);
  }
  std::string clean(const std::string& value) {
    if (value.find('\0') != std::string::npos || !is_valid_utf8(value)) fail();
    return good_ ? value : std::string{};
  }

  const json& object_;
  bool good_;
};

mail::Attachment read_attachment(Reader& r) {
  return {.name = r.text("name"),
          .bytes = r.number("bytes"),
          .type = r.text("type"),
          .begin = r.number("begin").value_or(0),
          .end = r.number("end").value_or(0),
          .encoding = r.text("encoding")};
}

mail::Bounce read_bounce(Reader& r) {
  return {.recipient = r.text("recipient"),
          .status = r.text("status"),
          .hard = r.text("kind") == "hard",
          .fault = r.text("fault")};
}

mail::Address read_address(Reader& r) {
  return {.name = r.text("name"), .address = r.text("address")};
}

mail::Authentication read_authentication(Reader& r) {
  return {.authserv_id = r.text("authserv_id"), .dmarc = r.text("dmarc"), .auth = r.text("auth")};
}

}  // namespace

// The keys that `parse --json` names in CLI.md stand here under those names.
json to_json(const mail::ParsedMail& m) {
  json arf = nullptr;
  if (m.arf)
    arf = {{"feedback_type", or_null(m.arf->feedback_type)},
           {"source_ip", or_null(m.arf->source_ip)},
           {"original_rcpt", or_null(m.arf->original_rcpt)}};
  return {{"subject", or_null(m.subject)},
          {"from", or_null(m.from.address)},
          {"from_name", or_null(m.from.name)},
          {"reply_to", list_of(m.reply_to)},
          {"to", m.to},
          {"cc", m.cc},
          {"delivered_to", m.delivered_to},
          {"return_path", m.has_return_path ? json(m.return_path) : json(nullptr)},
          {"date_utc", time_or_null(m.date)},
          {"message_id", or_null(m.message_id)},
          {"in_reply_to", m.in_reply_to},
          {"references", m.references},
          {"text", m.text},
          {"has_html", m.has_html},
          {"visible_reply", m.visible_reply},
          {"attachments", list_of(m.attachments)},
          {"is_bounce", m.is_bounce},
          {"bounces", list_of(m.bounces)},
          {"is_auto_reply", m.is_auto_reply},
          {"must_not_ack", m.must_not_ack},
          {"must_not_ack_apart_from_list", m.must_not_ack_apart_from_list},
          {"is_bulk", m.is_bulk},
          {"suppresses_auto_reply", m.suppresses_auto_reply},
          {"list_id", or_null(m.list_id)},
          {"original_from", or_null(m.original_from)},
          {"arf", arf},
          {"authentication", list_of(m.authentication)},
          {"encrypted", m.encrypted},
          {"doubled_fields", m.doubled_fields},
          {"lossy_charset", m.lossy_charset},
          {"unparsed", m.unparsed},
          {"unparsed_because", or_null(m.unparsed_because)},
          {"topmost_received", time_or_null(m.topmost_received)},
          {"content_sha256", m.content_sha256}};
}

Result<mail::ParsedMail> from_json(const json& object) {
  Reader r{object};
  mail::ParsedMail m;
  m.subject = r.text("subject");
  m.from = {.name = r.text("from_name"), .address = r.text("from")};
  m.reply_to = r.objects("reply_to", read_address);
  m.to = r.texts("to");
  m.cc = r.texts("cc");
  m.delivered_to = r.texts("delivered_to");
  m.has_return_path = r.find("return_path") != nullptr;
  m.return_path = r.text("return_path");
  m.date = r.time("date_utc");
  m.message_id = r.text("message_id");
  m.in_reply_to = r.texts("in_reply_to");
  m.references = r.texts("references");
  m.text = r.text("text");
  m.has_html = r.flag("has_html");
  m.visible_reply = r.text("visible_reply");
  m.attachments = r.objects("attachments", read_attachment);
  m.is_bounce = r.flag("is_bounce");
  m.bounces = r.objects("bounces", read_bounce);
  m.is_auto_reply = r.flag("is_auto_reply");
  m.must_not_ack = r.flag("must_not_ack");
  m.must_not_ack_apart_from_list = r.flag("must_not_ack_apart_from_list");
  m.is_bulk = r.flag("is_bulk");
  m.suppresses_auto_reply = r.flag("suppresses_auto_reply");
  m.list_id = r.text("list_id");
  m.original_from = r.text("original_from");
  if (const json* arf = r.find("arf")) {
    Reader inner{*arf};
    m.arf = mail::Arf{.feedback_type = inner.text("feedback_type"),
                      .source_ip = inner.text("source_ip"),
                      .original_rcpt = inner.text("original_rcpt")};
    if (!inner.good()) r.fail();
  }
  m.authentication = r.objects("authentication", read_authentication);
  m.encrypted = r.flag("encrypted");
  m.doubled_fields = r.texts("doubled_fields");
  m.lossy_charset = r.flag("lossy_charset");
  m.unparsed = r.flag("unparsed");
  m.unparsed_because = r.text("unparsed_because");
  m.topmost_received = r.time("topmost_received");
  m.content_sha256 = r.text("content_sha256");
  if (!r.good()) return Error{Fault::invalid, "parsed mail: not in the form it was stored in"};
  return m;
}

}  // namespace trust::cage
