#include "lib/cli/columns.h"

#include <algorithm>
#include <ostream>

#include "lib/base/text.h"

namespace trust::cli {

namespace {

/// Code points; wide characters are rare here and only cost alignment.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

}  // namespace

void print_columns(std::ostream& out, const std::vector<std::string>& heading,
                   const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> all{heading};
  for (const auto& row : rows) {
    auto& safe = all.emplace_back();
    for (const std::string& cell : row) safe.push_back(to_display(cell, Newlines::to_space));
  }
  std::vector<std::size_t> widths(heading.size(), 0);
  for (const auto& row : all)
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
      widths[i] = std::max(widths[i], width_of(row[i]));
  for (const auto& row : all) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - width_of(row[i]) + 2, ' ');
    }
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

}  // namespace trust::cli
