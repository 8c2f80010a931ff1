#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/config/groups.h"
#include "lib/config/setting.h"

namespace trust::config {

/// A row of any program's table, bound to the Config it fills.
struct Row {
  std::string_view key;
  Need need;
  std::string_view default_json;
  std::string_view doc;
  Holds holds;
  std::function<Status(const Given&)> fill;  ///< empty where only the table is read
};

/// Fills through `rows` from the text of a file; `check` then looks at settings together. `file` is
/// how the file is called in errors; relative paths count from its folder.
/// Fault::invalid, always "FILE:LINE: KEY: what is wrong; what to write instead".
Status fill_rows(std::span<const Row> rows, std::string_view text, const std::string& file,
                 const std::function<std::optional<Problem>()>& check);

/// A Config from the text of a file. A program's Config is a plain struct with
///   static std::span<const Setting<Config>> settings();
///   std::optional<Problem> check();   // after all rows are filled; may derive values
template <class Config>
Result<Config> load_text(std::string_view text, const std::string& file) {
  Config config{};
  std::vector<Row> rows;
  for (const Setting<Config>& s : Config::settings())
    rows.push_back({s.key, s.need, s.default_json, s.doc, s.holds,
                    [&config, &s](const Given& given) { return s.fill(config, given); }});
  if (Status filled = fill_rows(rows, text, file, [&config] { return config.check(); }); !filled)
    return filled.error();
  return config;
}

/// Fault::not_found, denied: the file cannot be read; the sentence names it and what to do.
Result<std::string> read_config_file(const std::string& path);

template <class Config>
Result<Config> load_file(const std::string& path) {
  Result<std::string> text = read_config_file(path);
  if (!text) return text.error();
  return load_text<Config>(*text, path);
}

/// The table without a Config, for printing.
template <class Config>
std::vector<Row> rows_of() {
  std::vector<Row> rows;
  for (const Setting<Config>& s : Config::settings())
    rows.push_back({s.key, s.need, s.default_json, s.doc, s.holds, {}});
  return rows;
}

/// The secret that the setting `key` says stands in `path` ("$CREDENTIALS_DIRECTORY/x" is resolved
/// here). Every failure is a sentence "imap.password_file: PATH: …; what to do".
Result<std::string> read_secret_of(std::string_view key, const std::string& path);
/// The file behind `path`, credentials resolved; "" where there is no credentials folder.
std::string credential_path(const std::string& path);
/// Changes whenever the file of a secret is replaced or written.
std::string stamp_of(const std::string& path);

/// Where the words are: `configured`, else what was installed with this program
/// (…/bin/../share/trust-mail/templates), else the source folder above a build folder.
std::string templates_folder(const std::optional<std::string>& configured);

}  // namespace trust::config
