#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace trust::notifier {

inline const std::string kPublishedText =
    "---\ntitle: Haven DNS timeouts\nincident:\n  type: outage\n---\n"
    "## Summary\nResolvers did not answer.\n## Root cause\nA cable.\n";
inline const std::string kPlaceholderText =
    "---\ntitle: Reserved\n---\n## Summary\nTBD\n## Root cause\n";

/// A folder of post-mortems, gone with the object.
class NotifierFolder {
 public:
  NotifierFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "trust-pages-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~NotifierFolder() { std::filesystem::remove_all(path_); }
  NotifierFolder(const NotifierFolder&) = delete;
  NotifierFolder& operator=(const NotifierFolder&) = delete;

  const std::string& path() const { return path_; }
  void put(const std::string& name, const std::string& text) const {
    std::ofstream{path_ + "/" + name, std::ios::binary} << text;
  }

 private:
  std::string path_;
};

}  // namespace trust::notifier
