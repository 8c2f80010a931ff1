#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"

namespace trust::notifier {

/// One reader to import.
struct ImportRow {
  std::size_t line = 1;
  std::string address;                ///< strict
  std::vector<std::string> services;  ///< folded; empty: all
  std::optional<UtcTime> confirmed_at;
  std::string consent;  ///< "" = as the command line says
};

struct ImportProblem {
  std::size_t line = 1;
  std::string what;  ///< never repeats a value of the file
};

struct ImportFile {
  std::vector<ImportRow> rows;
  std::vector<ImportProblem> problems;  ///< with any, nothing may be imported
};

/// The CSV of `subscriber import`: a first line that names the columns (address, services,
/// confirmed_at, consent; address must be there), then a line per reader.
ImportFile read_import_file(std::string_view csv, UtcTime now);

}  // namespace trust::notifier
