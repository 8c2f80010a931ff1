#include "intake/report/service_book.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/base/words.h"

namespace trust::intake {

namespace {

using nlohmann::json;

constexpr std::size_t kMostServices = 200;
constexpr std::size_t kMostNames = 100;  // of one service
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostBlanks = 8;  // that one space of a name may be in the text

/// Letters of two bytes (é, я) count; signs (C2…) and what stands in three bytes (quotation marks,
/// and scripts that write without blanks) end a word.
bool is_word(char c) {
  const auto b = static_cast<unsigned char>(c);
  return is_alnum(c) || c == '_' || (b >= 0xC3 && b <= 0xDF);
}
/// The first byte of the character that ends before `at`.
char character_before(std::string_view text, std::size_t at) {
  const std::size_t earliest = at > 4 ? at - 4 : 0;
  do --at;
  while (at > earliest && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
  return text[at];
}

Error wrong(const std::string& what) { return {Fault::invalid, "services: " + what}; }

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kLongestName &&
         all_of(id, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; });
}

/// A list of strings under a key that may be missing; nothing if it is something else.
std::optional<std::vector<std::string>> strings_of(const json& object, const char* key) {
  std::vector<std::string> out;
  const auto found = object.find(key);
  if (found == object.end()) return out;
  if (!found->is_array() || found->size() > kMostNames) return std::nullopt;
  for (const json& item : *found) {
    if (!item.is_string()) return std::nullopt;
    out.push_back(item.get<std::string>());
  }
  return out;
}

/// Where the text goes on behind a name that begins at `at`; npos if it does not stand there.
std::size_t match_name(std::string_view text, std::size_t at, std::string_view name) {
  for (const char c : name) {
    if (at >= text.size()) return std::string_view::npos;
    if (c != ' ') {
      if (lower(text[at++]) != c) return std::string_view::npos;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && at - begin < kMostBlanks && is_space(text[at])) ++at;
    if (at == begin) return std::string_view::npos;
  }
  return at;
}

std::size_t match_node(std::string_view text, std::size_t at, std::string_view pattern) {
  const auto take = [&](bool (*wanted)(char), std::size_t most) {
    const std::size_t begin = at;
    while (at < text.size() && at - begin < most && wanted(text[at])) ++at;
    return at > begin;
  };
  while (!pattern.empty()) {
    if (pattern.starts_with("<city>")) {
      if (!take(is_letter, 16)) return std::string_view::npos;
      pattern.remove_prefix(6);
    } else if (pattern.starts_with("<nn>")) {
      if (!take(is_digit, 4)) return std::string_view::npos;
      pattern.remove_prefix(4);
    } else {
      if (at >= text.size() || lower(text[at]) != pattern.front()) return std::string_view::npos;
      ++at;
      pattern.remove_prefix(1);
    }
  }
  return at;
}

/// Whether a name may begin here: not inside a word, an address or a longer host name.
bool may_begin(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  const char before = character_before(text, at);
  if (is_word(before) || before == '@') return false;
  return before != '.' || at == 1 || !is_word(character_before(text, at - 1));
}

bool may_end(std::string_view text, std::size_t at, bool is_node) {
  if (at == text.size()) return true;
  const std::string_view rest = text.substr(at);
  if (is_word(rest.front()) || rest.front() == '@') return false;
  if (starts_with_any(rest, "'t|’t")) return false;  // "haven't"
  return rest.front() != '.' || is_node || rest.size() < 2 || !is_word(rest[1]);
}

}  // namespace

Result<ServiceBook> ServiceBook::from_json(std::string_view text) {
  const json whole =
      json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (!whole.is_object() || !whole.contains("services") || !whole["services"].is_array())
    return wrong(
        "the file must be {\"services\": [{\"id\": …, \"name\": …, \"aliases\": […], \"nodes\": "
        "[…]}, …]}");
  if (whole["services"].size() > kMostServices) return wrong("more than 200 services");
  ServiceBook book;
  std::set<std::string> ids, names;
  for (const json& row : whole["services"]) {
    if (!row.is_object()) return wrong("each service is an object with id and name");
    Service service;
    const auto id = row.find("id"), name = row.find("name");
    if (id == row.end() || !id->is_string() || !is_id(id->get<std::string>()))
      return wrong("each service needs an id of a-z, 0-9 and -");
    service.id = id->get<std::string>();
    if (name == row.end() || !name->is_string()) return wrong(service.id + " needs a name");
    service.name = name->get<std::string>();
    const auto aliases = strings_of(row, "aliases"), nodes = strings_of(row, "nodes");
    if (!aliases || !nodes)
      return wrong("aliases and nodes of " + service.id + " must be lists of at most 100 strings");
    service.aliases = *aliases;
    service.nodes = *nodes;
    if (!ids.insert(service.id).second)
      return wrong("the id " + service.id + " stands there twice");

    std::set<std::string> own{to_lower(fold_space(service.name))};
    for (const std::string& alias : service.aliases) own.insert(to_lower(fold_space(alias)));
    const std::size_t index = book.services_.size();
    for (const std::string& word : own) {
      if (word.empty() || word.size() > kLongestName)
        return wrong("a name of " + service.id + " is empty or longer than 64 bytes");
      if (!names.insert(word).second)
        return wrong("a name of " + service.id + " is also a name of another service");
      book.patterns_.push_back({word, index, false});
    }
    for (const std::string& node : service.nodes) {
      if (node.empty() || node.size() > kLongestName || node.front() == '<')
        return wrong("a node pattern of " + service.id + " is empty, too long or begins with <");
      book.patterns_.push_back({to_lower(node), index, true});
    }
    book.services_.push_back(std::move(service));
  }
  for (std::size_t i = 0; i < book.patterns_.size(); ++i)
    book.by_first_[static_cast<unsigned char>(book.patterns_[i].text.front())].push_back(i);
  return book;
}

std::vector<std::string> ServiceBook::find(std::string_view text) const {
  std::vector<bool> named(services_.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto& candidates = by_first_[static_cast<unsigned char>(lower(text[at]))];
    if (candidates.empty() || !may_begin(text, at)) continue;
    for (const std::size_t i : candidates) {
      const Pattern& pattern = patterns_[i];
      if (named[pattern.service]) continue;
      const std::size_t end =
          pattern.is_node ? match_node(text, at, pattern.text) : match_name(text, at, pattern.text);
      if (end != std::string_view::npos && may_end(text, end, pattern.is_node))
        named[pattern.service] = true;
    }
  }
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < services_.size(); ++i)
    if (named[i]) ids.push_back(services_[i].id);
  return ids;
}

std::string_view ServiceBook::name_of(std::string_view id) const {
  const auto found = std::find_if(services_.begin(), services_.end(),
                                  [&](const Service& s) { return s.id == id; });
  return found == services_.end() ? id : std::string_view{found->name};
}

}  // namespace trust::intake
