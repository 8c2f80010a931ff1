#pragma once

/// lib/config: one table of settings is the parser, the defaults, the reference and the sample
/// file.
///   setting.h       a row of the table and the readers of its value types
///   json_tree.*     JSON with // comments as values that know their line
///   config_file.*   file + table = a filled Config, or an Error that names file, line and key
///   sample.*        what the table prints: sample file and reference
///   groups.*        the settings both programs have: imap, smtp, store, notices, http
///   url.*           URLs of servers and sites, taken apart
/// A Config is a plain struct; its settings() table names every key once with default and doc.
/// Secrets are not here: a Config only says in which file one stands.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace trust::config {

/// One JSON value of the file with the place it stood at.
struct Given {
  enum class Type { string, number, boolean, null, list, object };
  struct Member;

  Type type = Type::null;
  std::string text;             ///< string: decoded; number, boolean, null: its JSON; else empty
  int line = 1;                 ///< of the member's key, or of the value inside a list
  std::vector<Given> items;     ///< of a list
  std::vector<Member> members;  ///< of an object, in the file's order; keys are unique
};
struct Given::Member {
  std::string key;
  Given value;
};

/// {"address": "...", "name": "..."}; the name may be left out.
struct Person {
  std::string address;
  std::string name;
};

/// {"url": "...", "secret_file": "..."}
struct Webhook {
  std::string url;
  std::string secret_file;
};

/// OAuth2 (RFC 6749) for a login with XOAUTH2 or OAUTHBEARER.
struct Oauth {
  enum class Grant { client_credentials, refresh_token };
  std::string token_url;
  std::string client_id;
  std::string client_secret_file;
  std::string scope;
  Grant grant = Grant::client_credentials;
  std::string refresh_token_file;  ///< only with Grant::refresh_token
};

/// Readers of a value. The text of an Error says what was expected and what to write instead; it
/// never repeats the value. Spans carry units ("30s").
Status read_value(const Given& given, std::string& into);                 ///< not empty
Status read_value(const Given& given, std::optional<std::string>& into);  ///< null = none
Status read_value(const Given& given, bool& into);
Status read_value(const Given& given, int& into);                        ///< whole, >= 0
Status read_value(const Given& given, std::chrono::milliseconds& into);  ///< > 0, <= 365 days
Status read_value(const Given& given, std::vector<std::string>& into);
Status read_value(const Given& given, std::vector<Person>& into);
Status read_value(const Given& given, std::vector<Webhook>& into);
Status read_value(const Given& given, Oauth& into);
/// Anything else that may be missing: null = none.
template <class Value>
Status read_value(const Given& given, std::optional<Value>& into) {
  into.reset();
  if (given.type == Given::Type::null) return ok();
  Value value;
  Status read = read_value(given, value);
  if (read) into = std::move(value);
  return read;
}

/// required: must be in the file. usual: may be left out, and then the member keeps its initial
/// value; the sample shows it all the same. optional: has a default.
enum class Need { required, usual, optional };

/// Whether strings of the value are file names: relative ones count from the folder of the
/// configuration file, "$CREDENTIALS_DIRECTORY/x" is a systemd credential. Inside lists and
/// objects this goes for members named "*_file"; "sqlite:x" is a file name behind its scheme.
enum class Holds { value, path };

/// One row: dotted key ("imap.url"), default as JSON text (required and usual rows: an example for
/// the sample), the reference text, and the member it fills.
template <class Config>
struct Setting {
  std::string key;
  Need need;
  std::string_view default_json;
  std::string_view doc;
  std::function<Status(Config&, const Given&)> fill;
  Holds holds = Holds::value;
};

/// The member that `path` leads to: member_of(c, &Config::imap, &ImapSettings::url) is c.imap.url.
template <class Object, class First, class... Rest>
auto& member_of(Object& object, First first, Rest... path) {
  if constexpr (sizeof...(path) == 0)
    return object.*first;
  else
    return member_of(object.*first, path...);
}

template <class Config, class Member, class... Rest>
Setting<Config> setting(std::string key, Need need, std::string_view default_json,
                        std::string_view doc, Member Config::*member, Rest... path) {
  return {std::move(key), need, default_json, doc, [=](Config& config, const Given& given) {
            return read_value(given, member_of(config, member, path...));
          }};
}

/// The same for a value that names files.
template <class Config, class Member, class... Rest>
Setting<Config> path_setting(std::string key, Need need, std::string_view default_json,
                             std::string_view doc, Member Config::*member, Rest... path) {
  Setting<Config> row = setting(std::move(key), need, default_json, doc, member, path...);
  row.holds = Holds::path;
  return row;
}

/// A table from its pieces: single rows in braces, and the groups of groups.h.
template <class Config>
std::vector<Setting<Config>> table(std::initializer_list<std::vector<Setting<Config>>> pieces) {
  std::vector<Setting<Config>> rows;
  for (const auto& piece : pieces) rows.insert(rows.end(), piece.begin(), piece.end());
  return rows;
}

}  // namespace trust::config
