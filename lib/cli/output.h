#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"

namespace trust::cli {

/// Rows of text under a heading, each column as wide as its widest cell, the last one free. Cells
/// are made safe for a terminal (control and bidi characters, SEC-29, SEC-37).
void print_columns(std::ostream& out, const std::vector<std::string>& heading,
                   const std::vector<std::vector<std::string>>& rows);

/// One JSON value on a line of its own. Bad UTF-8 becomes U+FFFD.
void print_json(std::ostream& out, const nlohmann::ordered_json& value);

/// Absent is null: "" and no time print as null.
nlohmann::ordered_json or_null(std::string_view text);
nlohmann::ordered_json or_null(const std::optional<UtcTime>& time);

/// A line on standard error that counts, only on a terminal and only once a second has passed.
class Progress {
 public:
  /// `total` 0: nobody knows.
  Progress(std::ostream& err, std::string what, std::size_t total);
  ~Progress();  ///< wipes the line
  void step();

 private:
  std::ostream& err_;
  std::string what_;
  std::size_t total_, done_ = 0;
  std::chrono::steady_clock::time_point began_, shown_;
  bool on_terminal_, drawn_ = false;
};

}  // namespace trust::cli
