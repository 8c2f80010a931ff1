#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace trust::cli {

/// Rows of text under a heading, each column as wide as its widest cell, the last one free. Cells
/// are made safe for a terminal (control and bidi characters, SEC-29, SEC-37).
void print_columns(std::ostream& out, const std::vector<std::string>& heading,
                   const std::vector<std::vector<std::string>>& rows);

}  // namespace trust::cli
