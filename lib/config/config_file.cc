#include "lib/config/config_file.h"

#include <sys/stat.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/config/json_tree.h"

namespace trust::config {

namespace {

constexpr std::string_view kCredentials = "$CREDENTIALS_DIRECTORY/";
constexpr std::uint64_t kMostBytes = 1U << 20U;

std::string resolved_path(std::string_view path, const std::string& folder) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (path.starts_with(kSqlite))
    return std::string{kSqlite} + resolved_path(path.substr(kSqlite.size()), folder);
  if (path.empty() || path.starts_with('/') || path.starts_with(kCredentials) ||
      path.find("://") != std::string_view::npos)
    return std::string{path};
  return (std::filesystem::path{folder} / path).lexically_normal().string();
}

/// Makes file names absolute: the value itself, and inside lists and objects every "*_file".
void resolve_paths(Given& given, const std::string& folder, bool is_file = true) {
  if (given.type == Given::Type::string && is_file) given.text = resolved_path(given.text, folder);
  for (Given& item : given.items) resolve_paths(item, folder, false);
  for (Given::Member& member : given.members)
    resolve_paths(member.value, folder, member.key.ends_with("_file"));
}

/// Sorts the values of the file to the rows they are for.
class Sorter {
 public:
  Sorter(std::span<const Row> rows, std::string file) : rows_{rows}, file_{std::move(file)} {
    for (const Row& row : rows_) {
      for (auto dot = row.key.find('.'); dot != std::string_view::npos;
           dot = row.key.find('.', dot + 1))
        groups_.insert(std::string{row.key.substr(0, dot)});
    }
  }

  Status sort(const Given& object, const std::string& prefix) {
    lines_[prefix] = object.line;
    for (const Given::Member& member : object.members) {
      if (const auto dot = member.key.find('.'); dot != std::string::npos)
        return at(member.value.line, member.key,
                  fmt::format("unknown key; write what is behind the dot inside \"{}\": {{…}}",
                              member.key.substr(0, dot)));
      const std::string path = prefix.empty() ? member.key : prefix + "." + member.key;
      const bool is_row =
          std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) { return row.key == path; });
      if (is_row) {
        lines_[path] = member.value.line;
        values_[path] = &member.value;
      } else if (!groups_.contains(path)) {
        return unknown(member, prefix, path);
      } else if (member.value.type != Given::Type::object) {
        return at(member.value.line, path, "wrong type; write an object {…}");
      } else if (Status inner = sort(member.value, path); !inner) {
        return inner;
      }
    }
    return ok();
  }

  const Given* find(std::string_view key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : found->second;
  }

  /// "FILE:LINE: KEY: what", the line being that of the key or of the object it belongs into.
  Error at(std::string_view key, std::string_view what) const {
    std::string_view near = key;
    while (!near.empty() && !lines_.contains(near))
      near = near.substr(0, near.find('.') == std::string_view::npos ? 0 : near.rfind('.'));
    const auto line = lines_.find(near);
    return at(line == lines_.end() ? 1 : line->second, key, what);
  }

 private:
  Error at(int line, std::string_view key, std::string_view what) const {
    return {Fault::invalid, fmt::format("{}:{}: {}: {}", file_, line, key, what)};
  }

  Error unknown(const Given::Member& member, const std::string& prefix,
                const std::string& path) const {
    std::set<std::string_view> here;  // the names that may stand in this object
    std::string elsewhere;
    for (const Row& row : rows_) {
      const std::size_t skip = prefix.empty() ? 0 : prefix.size() + 1;
      if (prefix.empty() || row.key.starts_with(prefix + ".")) {
        const std::string_view rest = row.key.substr(skip);
        here.insert(rest.substr(0, std::min(rest.find('.'), rest.size())));
      }
      if (row.key.ends_with("." + member.key) && elsewhere.empty()) elsewhere = row.key;
    }
    const std::vector<std::string_view> names{here.begin(), here.end()};
    std::string meant{closest(member.key, names)};
    if (meant.empty()) meant = elsewhere;
    return at(member.value.line, path,
              meant.empty() ? std::string{"unknown key; remove it (the command config lists all)"}
                            : fmt::format("unknown key; did you mean \"{}\"?", meant));
  }

  std::span<const Row> rows_;
  std::string file_;
  std::set<std::string, std::less<>> groups_;
  std::map<std::string, const Given*, std::less<>> values_;
  std::map<std::string, int, std::less<>> lines_;
};

std::string last_name(std::string_view key) {
  const auto dot = key.rfind('.');
  return std::string{dot == std::string_view::npos ? key : key.substr(dot + 1)};
}

}  // namespace

Status fill_rows(std::span<const Row> rows, std::string_view text, const std::string& file,
                 const std::function<std::optional<Problem>()>& check) {
  const Result<Given> tree = parse_tree(text, file);
  if (!tree) return tree.error();
  Sorter sorter{rows, file};
  if (Status sorted = sorter.sort(*tree, ""); !sorted) return sorted;

  std::error_code ignored;
  const std::string folder = std::filesystem::absolute(file, ignored).parent_path().string();
  for (const Row& row : rows) {
    const Given* const given = sorter.find(row.key);
    if (given == nullptr && row.need == Need::usual) continue;
    if (given == nullptr && row.need == Need::required)
      return sorter.at(row.key, fmt::format("missing; add it, for example \"{}\": {}",
                                            last_name(row.key), row.default_json));
    Given value = given != nullptr ? *given : tree_of(row.default_json);
    if (row.holds == Holds::path) resolve_paths(value, folder);
    if (Status filled = row.fill(value); !filled) return sorter.at(row.key, filled.error().text());
  }
  if (const std::optional<Problem> problem = check()) return sorter.at(problem->key, problem->what);
  return ok();
}

Result<std::string> read_config_file(const std::string& path) {
  Result<std::string> text = read_file(path, kMostBytes);
  if (text) return text;
  if (text.error().fault() == Fault::not_found)
    return Error{Fault::not_found,
                 path +
                     ": no such file; the command config --sample prints one to start from, "
                     "--config names another place"};
  return text.error();
}

std::string credential_path(const std::string& path) {
  if (!path.starts_with(kCredentials)) return path;
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) return "";
  return fmt::format("{}/{}", folder, path.substr(kCredentials.size()));
}

std::string stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(credential_path(path).c_str(), &info) != 0) return "none";
  return std::to_string(info.st_ino) + "." + std::to_string(info.st_ctim.tv_sec) + "." +
         std::to_string(info.st_ctim.tv_nsec);
}

Result<std::string> read_secret_of(std::string_view key, const std::string& path) {
  const std::string file = credential_path(path);
  if (file.empty())
    return Error{Fault::not_found,
                 fmt::format("{}: {} is only there for a service started by systemd with "
                             "LoadCredential=; start it so, or write the path of a file",
                             key, path)};
  Result<std::string> secret = read_secret(file);
  if (secret) return secret;
  const Error& error = secret.error();
  switch (error.fault()) {
    case Fault::not_found:
      return Error{Fault::not_found,
                   fmt::format("{}: {}; write the secret into it, readable by this service only",
                               key, error.text())};
    default: return error.within(key);
  }
}

std::string templates_folder(const std::optional<std::string>& configured) {
  namespace fs = std::filesystem;
  if (configured) return *configured;
  const fs::path here = fs::path{own_executable()}.parent_path();
  const fs::path installed = here.parent_path() / "share" / "trust-mail" / "templates";
  const fs::path source = here.parent_path() / "templates";
  std::error_code ignored;
  return fs::is_directory(source, ignored) && !fs::is_directory(installed, ignored)
             ? source.string()
             : installed.string();
}

}  // namespace trust::config
