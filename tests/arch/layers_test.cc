// DESIGN.md's layers as a test. The table is the trust_module(... USES ...) lines of
// CMakeLists.txt, as CMake wrote them into the build folder.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Modules = std::set<std::string>;

/// Third-party headers by prefix, and the files that may include them.
struct Contained {
  std::string prefix;
  std::regex where;
};
const std::vector<Contained> kContained = {
    {"curl/", std::regex{"lib/net/.*"}},
    {"idn2.h", std::regex{"lib/mail/.*\\.cc"}},
    {"kainjow/", std::regex{"lib/render/.*\\.cc"}},
    {"libpq", std::regex{"lib/store/.*\\.cc"}},
    {"mimetic/", std::regex{"lib/mail/header\\.cc"}},
    {"Poco/", std::regex{"lib/(store|web)/.*\\.cc"}},
    {"sodium", std::regex{"lib/(base|mail)/.*\\.cc"}},
    {"spdlog/", std::regex{"lib/base/log\\.cc"}},
    {"sqlite3.h", std::regex{"lib/store/.*\\.cc"}},
    {"yaml.h", std::regex{"notifier/page/.*\\.cc"}},
    {"iconv.h", std::regex{"lib/mail/.*\\.cc"}},
};

constexpr int kMaxLines = 400;

std::map<std::string, Modules> read_layers() {
  const char* const build = std::getenv("TRUST_BUILD");
  std::map<std::string, Modules> layers;
  std::ifstream file{std::string{build == nullptr ? "build" : build} + "/layers.txt"};
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(':');
    std::istringstream words{line.substr(colon + 1)};
    Modules& uses = layers[line.substr(0, colon)];
    for (std::string word; words >> word;) uses.insert(word);
  }
  return layers;
}

std::string folder_of(const std::string& path) {
  return fs::path{path}.parent_path().generic_string();
}

std::vector<std::string> sources() {
  std::vector<std::string> paths;
  for (const char* top : {"lib", "intake", "notifier"})
    for (const auto& entry : fs::recursive_directory_iterator{top})
      if (entry.path().extension() == ".h" || entry.path().extension() == ".cc")
        paths.push_back(entry.path().generic_string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file{path};
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// What `line` includes between `open` and `close`, or "".
std::string included(const std::string& line, char open, char close) {
  if (!line.starts_with("#include ")) return {};
  const auto begin = line.find(open);
  const auto end = line.rfind(close);
  return begin == std::string::npos || end <= begin ? "" : line.substr(begin + 1, end - begin - 1);
}

/// A main.cc stands above its own folder: it starts the command line.
bool may_include(const std::map<std::string, Modules>& layers, const std::string& path,
                 const std::string& used) {
  const std::string module = folder_of(path);
  if (used == module || layers.at(module).contains(used)) return true;
  if (fs::path{path}.filename() != "main.cc") return false;
  const Modules& below = layers.at(module + "/cli");
  return used == module + "/cli" || below.contains(used);
}

TEST(Layers, IncludesFollowTheTable) {
  const auto layers = read_layers();
  ASSERT_FALSE(layers.empty()) << "no layers.txt in $TRUST_BUILD";
  const auto paths = sources();
  ASSERT_GT(paths.size(), 50U);
  for (const std::string& path : paths) {
    ASSERT_TRUE(layers.contains(folder_of(path))) << path << ": its folder is no trust_module";
    int number = 0;
    for (const std::string& line : lines_of(path)) {
      ++number;
      const std::string header = included(line, '"', '"');
      if (header.empty()) continue;
      EXPECT_TRUE(may_include(layers, path, folder_of(header)))
          << path << ':' << number << ": " << folder_of(path) << " may not include " << header;
    }
  }
}

TEST(Layers, TheTwoProgramsNeverIncludeEachOther) {
  for (const auto& [module, uses] : read_layers()) {
    const bool is_intake = module == "intake" || module.starts_with("intake/");
    const bool is_notifier = module == "notifier" || module.starts_with("notifier/");
    for (const std::string& used : uses) {
      EXPECT_FALSE(is_intake && used.starts_with("notifier")) << module << " uses " << used;
      EXPECT_FALSE(is_notifier && used.starts_with("intake")) << module << " uses " << used;
      EXPECT_FALSE(!is_intake && !is_notifier && !used.starts_with("lib/"))
          << module << " uses " << used;
    }
  }
}

TEST(Layers, ThirdPartyHeadersStayBehindTheirFolder) {
  std::set<std::string> met;
  for (const std::string& path : sources()) {
    int number = 0;
    for (const std::string& line : lines_of(path)) {
      ++number;
      const std::string header = included(line, '<', '>');
      for (const Contained& contained : kContained) {
        if (!header.starts_with(contained.prefix)) continue;
        met.insert(contained.prefix);
        EXPECT_TRUE(std::regex_match(path, contained.where))
            << path << ':' << number << ": <" << header << "> is hidden elsewhere";
      }
    }
  }
  // The rows describe headers that are there: a row that never matches guards nothing.
  for (const char* prefix : {"kainjow/", "Poco/", "sodium", "spdlog/"})
    EXPECT_TRUE(met.contains(prefix)) << prefix;
}

TEST(Layers, EveryFolderHasAHeadComment) {
  std::map<std::string, bool> has_head;
  for (const std::string& path : sources()) {
    bool& head = has_head[folder_of(path)];
    const std::string wanted = "/// " + folder_of(path) + ": ";
    const auto lines = lines_of(path);
    head = head || std::any_of(lines.begin(), lines.end(),
                               [&](const std::string& line) { return line.starts_with(wanted); });
  }
  for (const auto& [folder, head] : has_head)
    EXPECT_TRUE(head) << folder << ": no header begins with \"/// " << folder << ": …\"";
}

TEST(Layers, FilesStayReadable) {
  for (const std::string& path : sources())
    EXPECT_LE(lines_of(path).size(), kMaxLines) << path << " is to be split by state or step";
}

}  // namespace
