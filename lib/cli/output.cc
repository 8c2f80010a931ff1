#include "lib/cli/output.h"

#include <unistd.h>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>

#include "lib/base/text.h"

namespace trust::cli {

namespace {

/// Code points; wide characters are rare here and only cost alignment.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kBetween{100};

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

using nlohmann::ordered_json;

void print_json(std::ostream& out, const ordered_json& value) {
  out << value.dump(-1, ' ', /*ensure_ascii=*/false, ordered_json::error_handler_t::replace)
      << '\n';
}

ordered_json or_null(std::string_view text) {
  return text.empty() ? ordered_json{} : ordered_json(std::string{text});
}

ordered_json or_null(const std::optional<UtcTime>& time) {
  return time ? ordered_json(to_rfc3339(*time)) : ordered_json{};
}

Progress::Progress(std::ostream& err, std::string what, std::size_t total)
    : err_{err},
      what_{std::move(what)},
      total_{total},
      began_{steady_clock::now()},
      shown_{began_},
      on_terminal_{&err == &std::cerr && ::isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
  if (drawn_) err_ << "\r\x1b[K" << std::flush;
}

void Progress::step() {
  ++done_;
  if (!on_terminal_) return;
  const auto now = steady_clock::now();
  if (now - began_ < kPatience || now - shown_ < kBetween) return;
  shown_ = now;
  drawn_ = true;
  err_ << '\r' << what_ << ' ' << done_;
  if (total_ > 0) err_ << " of " << total_;
  err_ << "\x1b[K" << std::flush;
}

}  // namespace trust::cli
