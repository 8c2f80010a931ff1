#include "lib/mail/compose.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/id.h"
#include "lib/base/text.h"
#include "lib/base/words.h"
#include "lib/mail/address.h"
#include "lib/mail/encode.h"

namespace trust::mail {

namespace {

constexpr std::size_t kFoldAt = 78;        // RFC 5322 2.1.1
constexpr std::size_t kLongestLine = 998;  // the same
constexpr std::size_t kLongestPlainName = 50;

Error invalid(std::string_view field, std::string_view why) {
  return {Fault::invalid, std::string{field} + ": " + std::string{why}};
}

bool is_printable(char c) { return c >= ' ' && c < 0x7F; }
bool is_ascii_text(std::string_view text) { return all_of(text, is_printable); }

/// C0, DEL and C1 (U+0080-U+009F, "\xC2\x80"-"\xC2\x9F").
bool has_control(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_control(text[at])) return true;
    if (text[at] == '\xC2' && at + 1 < text.size() &&
        static_cast<unsigned char>(text[at + 1]) < 0xA0)
      return true;
  }
  return false;
}

/// A field under construction: words with one space or a fold between them.
class Field {
 public:
  explicit Field(std::string_view name) : name_{name}, text_{name_ + ":"}, column_{text_.size()} {}

  const std::string& name() const { return name_; }
  /// How long an encoded word may be to stand on the current line.
  std::size_t room() const { return column_ + 1 < kLineChars ? kLineChars - column_ - 1 : 0; }

  void add(std::string_view word) {
    const bool first = text_.size() == name_.size() + 1;
    const bool is_encoded = word.starts_with("=?");
    const std::size_t limit = is_encoded || has_encoded_ ? kLineChars : kFoldAt;
    if (!first && column_ + 1 + word.size() > limit) {
      text_ += "\r\n";
      column_ = 0;
      has_encoded_ = false;
    }
    text_ += ' ';
    text_ += word;
    column_ += 1 + word.size();
    longest_ = std::max(longest_, column_);
    has_encoded_ = has_encoded_ || is_encoded;
  }
  void add_all(const std::vector<std::string>& words) {
    for (const std::string& word : words) add(word);
  }

  Result<std::string> line() const {
    if (longest_ > kLongestLine) return invalid(name_, "a word is too long for a header line");
    return text_ + "\r\n";
  }

 private:
  std::string name_, text_;
  std::size_t column_, longest_ = 0;
  bool has_encoded_ = false;  ///< on the current line
};

/// Words of ASCII text; further spaces stay with the word they precede. Nothing in <> is divided.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_brackets = false;
  for (const char c : text) {
    const bool only_space = word.find_first_not_of(' ') == std::string::npos;
    if (c == ' ' && !in_brackets && !only_space) {
      words.push_back(std::move(word));
      word.clear();
      continue;
    }
    if (c == '<') in_brackets = true;
    if (c == '>') in_brackets = false;
    word += c;
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

Result<std::string> subject_line(const std::string& subject) {
  if (has_control(subject)) return invalid("Subject", "control characters are not allowed");
  const std::string text = to_clean_utf8(subject);
  Field field{"Subject"};
  const auto words = split(text, ' ');
  const bool plain = is_ascii_text(text) && words[0].size() <= field.room() &&
                     text.find("=?") == std::string::npos &&
                     std::none_of(words.begin(), words.end(), [](std::string_view word) {
                       return word.empty() || word.size() > kFoldAt - 1;
                     });
  if (plain) {
    for (const std::string_view word : words) field.add(word);
  } else {
    field.add_all(encoded_words(text, field.room()));
  }
  return field.line();
}

bool is_phrase(std::string_view name) {
  return !name.empty() && name.front() != ' ' && name.back() != ' ' &&
         name.find("  ") == std::string_view::npos && all_of(name, [](char c) {
           return is_alnum(c) || std::string_view{" -_'+&!"}.find(c) != std::string_view::npos;
         });
}

Status add_address(Field& field, const Address& one, std::string_view after) {
  const Result<std::string> address = strict_address(one.address);
  if (!address) return invalid(field.name(), "this is no address that mail can be sent to");
  if (has_control(one.name))
    return invalid(field.name(), "control characters are not allowed in a name");
  const std::string name = to_clean_utf8(one.name);
  if (name.empty()) {
    field.add(*address + std::string{after});
    return ok();
  }
  if (name.size() <= kLongestPlainName && is_phrase(name)) {
    for (const std::string_view word : split(name, ' ')) field.add(word);
  } else if (name.size() <= kLongestPlainName && is_ascii_text(name) &&
             name.find_first_of("\"\\") == std::string::npos &&
             name.find("=?") == std::string::npos) {
    field.add('"' + name + '"');
  } else {
    field.add_all(encoded_words(name, field.room()));
  }
  field.add("<" + *address + ">" + std::string{after});
  return ok();
}

Result<std::string> address_line(std::string_view name, const std::vector<Address>& addresses) {
  if (addresses.empty()) return std::string{};
  Field field{name};
  for (std::size_t i = 0; i < addresses.size(); ++i)
    if (const Status added = add_address(field, addresses[i], i + 1 < addresses.size() ? "," : "");
        !added)
      return added.error();
  return field.line();
}

bool is_message_id(std::string_view id) {
  return !id.empty() && id.size() <= 900 &&
         all_of(id, [](char c) { return is_visible(c) && c != '<' && c != '>'; });
}

/// Ids of other people's mails may be anything; one that cannot be written is left out.
Result<std::string> id_line(std::string_view name, const std::vector<std::string>& ids) {
  Field field{name};
  bool any = false;
  for (const std::string& id : ids) {
    if (has_control(id)) return invalid(name, "control characters are not allowed");
    if (!is_message_id(id)) continue;
    field.add("<" + id + ">");
    any = true;
  }
  return any ? field.line() : std::string{};
}

Result<std::string> further_line(std::string_view name, std::string_view value) {
  constexpr std::string_view kOwn =
      "from|to|reply-to|subject|date|message-id|in-reply-to|references|mime-version|bcc|sender";
  const bool is_name = !name.empty() && name.size() <= 76 &&
                       all_of(name, [](char c) { return is_visible(c) && c != ':'; });
  if (!is_name) return invalid("header field", "this is no name of a field");
  if (starts_with_ignoring_case(name, "content-") || equals_any(name, kOwn))
    return invalid(name, "this field is written from the draft's own members");
  if (!is_ascii_text(value)) return invalid(name, "only printable ASCII is allowed");
  Field field{name};
  field.add_all(words_of(trim(value)));
  return field.line();
}

/// "\n" at the end of every line, also the last; valid UTF-8.
std::string normal_text(std::string_view text) {
  std::string lines =
      to_clean_utf8(replace_all(replace_all(std::string{text}, "\r\n", "\n"), "\r", "\n"));
  if (!lines.ends_with('\n')) lines += '\n';
  return lines;
}

bool can_stand_as_it_is(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.size() > kLineChars || line.starts_with("From ") || line.ends_with(' ') ||
        line.ends_with('\t'))
      return false;
    if (!all_of(line, [](char c) { return is_printable(c) || c == '\t'; })) return false;
  }
  return true;
}

/// A body with the fields that describe it.
struct Entity {
  std::string fields;
  std::string body;

  std::string whole() const { return fields + "\r\n" + body; }
};

Entity text_entity(std::string_view type, std::string_view given) {
  const std::string text = normal_text(given);
  const std::string head =
      "Content-Type: " + std::string{type} + "; charset=utf-8\r\nContent-Transfer-Encoding: ";
  if (can_stand_as_it_is(text)) return {head + "7bit\r\n", replace_all(text, "\n", "\r\n")};
  const std::string quoted = quoted_printable(text);
  if (quoted.size() <= text.size() / 3 * 4) return {head + "quoted-printable\r\n", quoted};
  return {head + "base64\r\n", base64_lines(replace_all(text, "\n", "\r\n"))};
}

bool is_media_type(std::string_view type) {
  const std::size_t slash = type.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() &&
         type.find('/', slash + 1) == std::string_view::npos && type.size() <= 60 &&
         all_of(type, [](char c) {
           return is_alnum(c) || std::string_view{"/-.+_"}.find(c) != std::string_view::npos;
         });
}

Result<Entity> file_entity(const Draft::File& file) {
  if (has_control(file.name)) return invalid("file name", "control characters are not allowed");
  if (!file.type.empty() && !is_media_type(file.type))
    return invalid("file type", "this is no media type");
  // Mails and multiparts must not be base64 (RFC 2046 5.2.1); as plain bytes they may.
  const std::string type = to_lower(file.type);
  const bool is_opaque =
      type.empty() || type.starts_with("message/") || type.starts_with("multipart/");
  Field disposition{"Content-Disposition"};
  std::vector<std::string> words{"attachment"};
  if (!file.name.empty())
    for (std::string& piece : parameter("filename", to_clean_utf8(file.name)))
      words.push_back(std::move(piece));
  for (std::size_t i = 0; i < words.size(); ++i)
    disposition.add(words[i] + (i + 1 < words.size() ? ";" : ""));
  const Result<std::string> line = disposition.line();
  if (!line) return line.error();
  return Entity{"Content-Type: " + (is_opaque ? "application/octet-stream" : type) + "\r\n" +
                    *line + "Content-Transfer-Encoding: base64\r\n",
                base64_lines(file.content)};
}

/// Parts under one boundary, which comes from the Message-ID and stands in none of them.
Entity multipart(std::string_view kind, std::string_view message_id,
                 const std::vector<Entity>& parts) {
  std::string boundary;
  for (int n = 0; boundary.empty(); ++n) {
    const std::string seed = std::string{kind} + std::to_string(n) + std::string{message_id};
    boundary = "=_" + to_base32(sha256(seed)).substr(0, 26);
    for (const Entity& part : parts)
      if (part.whole().find(boundary) != std::string::npos) boundary.clear();
  }
  Entity whole{
      "Content-Type: multipart/" + std::string{kind} + ";\r\n boundary=\"" + boundary + "\"\r\n",
      ""};
  for (const Entity& part : parts) {
    // The line end before a boundary belongs to it.
    whole.body += "--" + boundary + "\r\n" + part.whole() + "\r\n";
  }
  whole.body += "--" + boundary + "--\r\n";
  return whole;
}

Result<Entity> body_of(const Draft& draft) {
  Entity body = text_entity("text/plain", draft.text);
  if (draft.html)
    body =
        multipart("alternative", draft.message_id, {body, text_entity("text/html", *draft.html)});
  if (draft.files.empty()) return body;
  std::vector<Entity> parts{std::move(body)};
  for (const Draft::File& file : draft.files) {
    Result<Entity> part = file_entity(file);
    if (!part) return part.error();
    parts.push_back(*std::move(part));
  }
  return multipart("mixed", draft.message_id, parts);
}

}  // namespace

Result<std::string> compose(const Draft& draft) {
  if (!is_message_id(draft.message_id)) return invalid("Message-ID", "this is no Message-ID");
  std::string message = "Date: " + to_rfc5322(draft.date) + "\r\n";
  std::vector<Result<std::string>> lines;
  lines.push_back(address_line("From", {draft.from}));
  lines.push_back(address_line("To", draft.to));
  lines.push_back(address_line("Reply-To", draft.reply_to));
  lines.push_back(subject_line(draft.subject));
  lines.emplace_back("Message-ID: <" + draft.message_id + ">\r\n");
  lines.push_back(id_line("In-Reply-To", {draft.in_reply_to}));
  lines.push_back(id_line("References", draft.references));
  for (const auto& [name, value] : draft.fields) lines.push_back(further_line(name, value));
  for (const Result<std::string>& line : lines) {
    if (!line) return line.error();
    message += *line;
  }
  const Result<Entity> body = body_of(draft);
  if (!body) return body.error();
  message += "MIME-Version: 1.0\r\n" + body->whole();
  return message;
}

}  // namespace trust::mail
