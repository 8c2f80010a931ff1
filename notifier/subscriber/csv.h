#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace trust::notifier {

/// One record and the line it begins on, from 1.
struct CsvRecord {
  std::size_t line = 1;
  std::vector<std::string> cells;
};

/// RFC 4180 with CRLF, LF or CR, a byte-order mark dropped, empty lines skipped. A quote inside an
/// unquoted cell is text. Fault::invalid, with the line: a quote that is never closed, or text
/// behind a closing one.
Result<std::vector<CsvRecord>> read_csv(std::string_view text);

/// Cells that a spreadsheet would take for a formula (= + - @ TAB CR first) get a ' before them; so
/// do cells that look as if they had one, so that `without_guard` gives back exactly what was
/// written.
enum class CsvFor { spreadsheets, machines };
/// One record with its CRLF; cells are quoted where RFC 4180 asks for it.
std::string csv_record(const std::vector<std::string>& cells, CsvFor reader);
/// The cell without the ' that `csv_record` put before it.
std::string_view without_guard(std::string_view cell);

}  // namespace trust::notifier
