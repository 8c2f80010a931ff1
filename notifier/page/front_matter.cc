#include "notifier/page/front_matter.h"

#include <yaml.h>

#include <algorithm>
#include <memory>
#include <set>

#include "lib/base/text.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kMaxFrontMatterBytes = 64U << 10U;
constexpr std::size_t kMaxDepth = 8;
/// libyaml takes quadratic time over open "[" and "{": 30,000 of them are four seconds.
constexpr std::ptrdiff_t kMaxOpeners = 1000;

Error refuse(std::size_t line, std::string_view what) {
  return {Fault::invalid, "front matter, line " + std::to_string(line) + ": " + std::string{what}};
}

/// A mapping or list that is open.
struct Open {
  bool is_map = false;
  std::string path;  ///< "incident."
  std::string key;   ///< of the value that comes next; "" = a key comes next
  std::set<std::string> keys;
};

/// Turns libyaml's events into flat values.
class Flattening {
 public:
  explicit Flattening(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Flattening() { yaml_parser_delete(&parser_); }
  Flattening(const Flattening&) = delete;
  Flattening& operator=(const Flattening&) = delete;

  Result<FrontMatter> run() {
    for (;;) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser_, &event) == 0)
        return refuse(parser_.problem_mark.line + 2, "this is not YAML");
      const std::unique_ptr<yaml_event_t, void (*)(yaml_event_t*)> owner{&event, yaml_event_delete};
      if (event.type == YAML_STREAM_END_EVENT) return std::move(found_);
      if (Status taken = take(event); !taken) return taken.error();
    }
  }

 private:
  Status take(const yaml_event_t& event) {
    const std::size_t line = event.start_mark.line + 2;  // the "---" line is the first
    switch (event.type) {
      case YAML_ALIAS_EVENT: return refuse(line, "aliases are not read; write the value out");
      case YAML_SCALAR_EVENT:
        return scalar(
            {reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length},
            event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE, line);
      case YAML_MAPPING_START_EVENT: open(/*is_map=*/true); break;
      case YAML_SEQUENCE_START_EVENT: open(/*is_map=*/false); break;
      case YAML_MAPPING_END_EVENT:
      case YAML_SEQUENCE_END_EVENT:
        open_.pop_back();
        if (!open_.empty()) open_.back().key.clear();
        break;
      default: break;
    }
    return ok();
  }

  void open(bool is_map) {
    std::string path;
    if (!open_.empty()) {
      path = open_.back().is_map ? open_.back().path + open_.back().key : open_.back().path + "[]";
      if (is_map) path += '.';
    }
    open_.push_back({is_map, std::move(path), {}, {}});
  }

  Status scalar(std::string value, bool plain, std::size_t line) {
    if (open_.empty()) return ok();
    Open& top = open_.back();
    if (top.is_map && top.key.empty()) {
      if (!top.keys.insert(value).second) return refuse(line, "this key stands there twice");
      top.key = value.empty() ? "?" : std::move(value);
      return ok();
    }
    const std::string path = top.is_map ? top.path + top.key : top.path;
    top.key.clear();
    const bool is_null = plain && (value.empty() || value == "~" || value == "null");
    if (!is_null && open_.size() <= kMaxDepth && path.find("[]") == std::string::npos)
      found_[path].push_back(to_clean_utf8(value));
    return ok();
  }

  yaml_parser_t parser_;
  std::vector<Open> open_;
  FrontMatter found_;
};

}  // namespace

Result<MarkdownFile> split_front_matter(std::string_view file) {
  if (file.starts_with("\xEF\xBB\xBF")) file.remove_prefix(3);
  const auto line_at = [file](std::size_t from) {
    return file.substr(from, std::min(file.find('\n', from), file.size()) - from);
  };
  const auto is_fence = [](std::string_view line) {
    return line.starts_with("---") && trim(line) == "---";
  };
  const std::string_view first = line_at(0);
  if (!is_fence(first)) return MarkdownFile{{}, file};
  const std::size_t begin = std::min(first.size() + 1, file.size());
  for (std::size_t at = begin; at < file.size();) {
    const std::string_view line = line_at(at);
    const std::size_t after = std::min(at + line.size() + 1, file.size());
    if (is_fence(line)) {
      const std::string_view block = file.substr(begin, at - begin);
      if (std::count_if(block.begin(), block.end(), [](char c) { return c == '[' || c == '{'; }) >
          kMaxOpeners)
        return refuse(2, "more than 1000 lists; that is no front matter");
      Result<FrontMatter> matter = Flattening{block}.run();
      if (!matter) return matter.error();
      return MarkdownFile{*std::move(matter), file.substr(after)};
    }
    if (at - begin > kMaxFrontMatterBytes) break;
    at = after;
  }
  return refuse(1, "its end, a line of three hyphens, is missing");
}

}  // namespace trust::notifier
