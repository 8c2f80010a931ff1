#include "lib/config/setting.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/time.h"

namespace trust::config {

namespace {

using Type = Given::Type;

constexpr std::size_t kMostItems = 1000;
constexpr std::chrono::days kLongestSpan{365};

Error expected(std::string_view what) {
  return {Fault::invalid, fmt::format("wrong type; write {}", what)};
}

/// Names the place inside a list: "entry 2 (line 14): address: missing".
Error in_entry(const Error& error, std::size_t index, const Given& item) {
  return error.within(fmt::format("entry {} (line {})", index + 1, item.line));
}

/// A key of a small object inside a value.
struct Field {
  std::string_view key;
  std::string* into;
  bool required;
};

Status fill_field(const Given::Member& member, std::span<const Field> fields) {
  const auto field = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& f) { return f.key == member.key; });
  if (field != fields.end()) {
    if (Status read = read_value(member.value, *field->into); !read)
      return read.error().within(field->key);
    return ok();
  }
  std::vector<std::string_view> keys;
  for (const Field& f : fields) keys.push_back(f.key);
  const std::string_view meant = closest(member.key, keys);
  return Error{Fault::invalid,
               fmt::format("a key is unknown (line {}); {}", member.value.line,
                           meant.empty() ? "remove it" : fmt::format("did you mean {}?", meant))};
}

Status read_object(const Given& given, std::span<const Field> fields) {
  if (given.type != Type::object) return expected("an object {…}");
  for (const Given::Member& member : given.members)
    if (Status filled = fill_field(member, fields); !filled) return filled;
  for (const Field& field : fields)
    if (field.required && field.into->empty())
      return Error{Fault::invalid, fmt::format("{}: missing; add it", field.key)};
  return ok();
}

template <class Item, class Read>
Status read_list(const Given& given, std::vector<Item>& into, std::string_view what, Read read) {
  if (given.type != Type::list) return expected(what);
  if (given.items.size() > kMostItems)
    return Error{Fault::invalid, "too many entries; at most 1000 are read"};
  std::vector<Item> items(given.items.size());
  for (std::size_t i = 0; i < items.size(); ++i)
    if (Status item = read(given.items[i], items[i]); !item)
      return in_entry(item.error(), i, given.items[i]);
  into = std::move(items);
  return ok();
}

Status read_grant(std::string_view word, Oauth& into) {
  if (word == "client_credentials") {
    into.grant = Oauth::Grant::client_credentials;
    if (into.refresh_token_file.empty()) return ok();
    return Error{Fault::invalid, "refresh_token_file: only used with grant refresh_token"};
  }
  if (word == "refresh_token") {
    into.grant = Oauth::Grant::refresh_token;
    if (!into.refresh_token_file.empty()) return ok();
    return Error{Fault::invalid, "refresh_token_file: missing; grant refresh_token needs it"};
  }
  return Error{Fault::invalid, "grant: write \"client_credentials\" or \"refresh_token\""};
}

}  // namespace

Status read_value(const Given& given, std::string& into) {
  if (given.type != Type::string) return expected("a text in quotes");
  if (given.text.empty()) return Error{Fault::invalid, "empty; write a text in quotes"};
  if (std::any_of(given.text.begin(), given.text.end(), is_control))
    return Error{Fault::invalid, "holds a control character; write visible ones on one line"};
  into = given.text;
  return ok();
}

Status read_value(const Given& given, std::optional<std::string>& into) {
  if (given.type == Type::null) {
    into.reset();
    return ok();
  }
  if (given.type != Type::string) return expected("a text in quotes, or null for none");
  std::string text;
  if (Status read = read_value(given, text); !read) return read;
  into = std::move(text);
  return ok();
}

Status read_value(const Given& given, bool& into) {
  if (given.type != Type::boolean) return expected("true or false, without quotes");
  into = given.text == "true";
  return ok();
}

Status read_value(const Given& given, int& into) {
  if (given.type != Type::number) return expected("a number, without quotes");
  const auto value = number_of<int>(given.text);
  if (!value || *value < 0) return Error{Fault::invalid, "not a whole number from 0 to 2147483647"};
  into = *value;
  return ok();
}

Status read_value(const Given& given, std::chrono::milliseconds& into) {
  if (given.type != Type::string) return expected("a duration in quotes, like \"30s\" or \"10m\"");
  const Result<std::chrono::milliseconds> span = parse_duration(given.text);
  if (!span) return span.error();
  if (*span <= std::chrono::milliseconds{0} || *span > kLongestSpan)
    return Error{Fault::invalid, "out of range; write a duration above 0s and up to 365d"};
  into = *span;
  return ok();
}

Status read_value(const Given& given, std::vector<std::string>& into) {
  return read_list(given, into, "a list of texts, like [\"a\", \"b\"]",
                   [](const Given& item, std::string& text) { return read_value(item, text); });
}

Status read_value(const Given& given, std::vector<Person>& into) {
  return read_list(
      given, into, R"(a list like [{"address": "ana@example.org", "name": "Ana"}])",
      [](const Given& item, Person& person) {
        const Field fields[] = {{"address", &person.address, true}, {"name", &person.name, false}};
        return read_object(item, fields);
      });
}

Status read_value(const Given& given, std::vector<Webhook>& into) {
  return read_list(given, into,
                   R"(a list like [{"url": "https://example.org/hook", "secret_file": "/path"}])",
                   [](const Given& item, Webhook& webhook) {
                     const Field fields[] = {{"url", &webhook.url, true},
                                             {"secret_file", &webhook.secret_file, true}};
                     return read_object(item, fields);
                   });
}

Status read_value(const Given& given, Oauth& into) {
  std::string grant = "client_credentials";
  const Field fields[] = {{"token_url", &into.token_url, true},
                          {"client_id", &into.client_id, true},
                          {"client_secret_file", &into.client_secret_file, true},
                          {"scope", &into.scope, false},
                          {"grant", &grant, false},
                          {"refresh_token_file", &into.refresh_token_file, false}};
  if (Status read = read_object(given, fields); !read) return read;
  return read_grant(grant, into);
}

}  // namespace trust::config
