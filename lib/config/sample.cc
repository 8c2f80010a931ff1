#include "lib/config/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/text.h"

namespace trust::config {

namespace {

constexpr std::size_t kWidth = 100;

/// An object of the file, or (with a row) one of its values.
struct Node {
  std::string name;
  const Row* row = nullptr;
  std::vector<Node> children;

  bool is_needed() const {
    if (row != nullptr) return row->need != Need::optional;
    return std::any_of(children.begin(), children.end(),
                       [](const Node& child) { return child.is_needed(); });
  }
};

Node tree_of_rows(std::span<const Row> rows) {
  Node root;
  for (const Row& row : rows) {
    Node* here = &root;
    for (const std::string_view step : split(row.key, '.')) {
      auto& siblings = here->children;
      auto found = std::find_if(siblings.begin(), siblings.end(),
                                [&](const Node& node) { return node.name == step; });
      if (found == siblings.end()) {
        siblings.push_back({std::string{step}, nullptr, {}});
        found = siblings.end() - 1;
      }
      here = &*found;
    }
    here->row = &row;
  }
  return root;
}

/// So that a line that is uncommented never misses a comma, an object that has needed values ends
/// with one of them.
void put_a_needed_one_last(Node& node) {
  for (Node& child : node.children) put_a_needed_one_last(child);
  auto& all = node.children;
  const auto last =
      std::find_if(all.rbegin(), all.rend(), [](const Node& n) { return n.is_needed(); });
  if (last != all.rend() && last != all.rbegin())
    std::rotate(last.base() - 1, last.base(), all.end());
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (const std::string_view word : split(text, ' ')) {
    std::string& line = lines.back();
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      lines.emplace_back(word);
    } else {
      line += (line.empty() ? "" : " ") + std::string{word};
    }
  }
  return lines;
}

/// Appends the children; `start` begins every line: spaces, and "// " in an object left out.
void print_children(const Node& node, const std::string& start, std::string& out) {
  for (const Node& child : node.children) {
    const bool is_last = &child == &node.children.back();
    const std::string_view comma = is_last ? "" : ",";
    const bool inside_comment = start.find('/') != std::string::npos;
    const std::string_view off = child.is_needed() || inside_comment ? "" : "// ";
    if (child.row != nullptr) {
      const std::string doc =
          (child.row->need == Need::required ? "Required. " : "") + std::string{child.row->doc};
      for (const std::string& line : wrapped(doc, kWidth - start.size() - 3))
        out += fmt::format("{}// {}\n", start, line);
      out +=
          fmt::format("{}{}\"{}\": {}{}\n", start, off, child.name, child.row->default_json, comma);
    } else {
      const std::string inner = start + std::string{off};
      out += fmt::format("{}\"{}\": {{\n", inner, child.name);
      print_children(child, inner + "  ", out);
      out += fmt::format("{}}}{}\n", inner, comma);
    }
    if (start == "  " && !is_last) out += '\n';
  }
}

}  // namespace

std::string sample_file(std::span<const Row> rows, std::string_view title) {
  Node root = tree_of_rows(rows);
  put_a_needed_one_last(root);
  std::string out = fmt::format(
      "// {}\n// What is commented out shows its default. Relative file names count from the "
      "folder of "
      "this file.\n// Secrets never stand here, only the names of files that hold them.\n{{\n",
      title);
  print_children(root, "  ", out);
  return out + "}\n";
}

std::string reference(std::span<const Row> rows) {
  std::string out;
  for (const Row& row : rows) {
    const std::string state =
        row.need == Need::required ? fmt::format("required, for example {}", row.default_json)
        : row.need == Need::usual  ? fmt::format("for example {}", row.default_json)
                                   : fmt::format("default {}", row.default_json);
    out += fmt::format("{}  ({})\n", row.key, state);
    for (const std::string& line : wrapped(row.doc, kWidth - 4)) out += "    " + line + '\n';
  }
  return out;
}

}  // namespace trust::config
