#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace trust::notifier {

/// The front matter of a Markdown file, flat: "incident.services" -> {"Haven DNS"}. Scalars are
/// lists of one; lists of anything but scalars and everything below depth 8 are left out.
using FrontMatter = std::map<std::string, std::vector<std::string>, std::less<>>;

struct MarkdownFile {
  FrontMatter front_matter;
  std::string_view body;
};

/// Splits at the "---" lines. A file without front matter is all body. Fault::invalid, with the
/// line: not YAML, an alias (they can grow without bound), a doubled key, or no second "---".
Result<MarkdownFile> split_front_matter(std::string_view file);

}  // namespace trust::notifier
