#pragma once

/// lib/config: one table of settings is the parser, the defaults, the reference and the sample file.
///   setting.h       a row of the table and the readers of its value types
///   config_file.*   JSON with // comments: lines, unknown and doubled keys
/// A Config is a plain struct; its settings() table names every key once with default and doc.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"

namespace trust::config {

/// One JSON value of the file, kept as text with the place it stood at. Lists and objects inside
/// lists are kept as compact JSON.
struct Given {
  enum class Type { string, number, boolean, null, list, object } type = Type::null;
  std::string text;  ///< string: decoded; otherwise its JSON
  int line = 0;
};

/// {"address": "...", "name": "..."}
struct Person {
  std::string address;
  std::string name;
};

/// Readers of a value; the text of an Error says what was expected. Sizes and spans carry units.
Status read_value(const Given& given, std::string& into);
Status read_value(const Given& given, std::optional<std::string>& into);  ///< null = none
Status read_value(const Given& given, bool& into);
Status read_value(const Given& given, int& into);
Status read_value(const Given& given, std::chrono::milliseconds& into);
Status read_value(const Given& given, std::vector<std::string>& into);
Status read_value(const Given& given, std::vector<Person>& into);

/// Whether a person must set it, and whether the sample shows it uncommented.
enum class Need { required, optional };

/// One row: dotted key ("imap.url"), default as JSON text (required rows: an example for the
/// sample), the reference text, and the member it fills.
template <class Config>
struct Setting {
  std::string_view key;
  Need need;
  std::string_view default_json;
  std::string_view doc;
  std::function<Status(Config&, const Given&)> fill;
};

template <class Config, class Read>
Setting<Config> setting(std::string_view key, Need need, std::string_view default_json,
                        std::string_view doc, Read member_of) {
  return {key, need, default_json, doc, [member_of](Config& config, const Given& given) {
            return read_value(given, member_of(config));
          }};
}

}  // namespace trust::config
