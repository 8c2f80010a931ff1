#include "notifier/subscriber/csv.h"

#include "lib/base/text.h"

namespace trust::notifier {

namespace {

constexpr std::string_view kFormula = "=+-@\t\r";

/// Whether a guard stands, or has to stand, before the cell: '…' then a formula character.
bool is_guarded(std::string_view cell) {
  const std::size_t quotes = std::min(cell.find_first_not_of('\''), cell.size());
  return quotes < cell.size() && kFormula.find(cell[quotes]) != std::string_view::npos;
}

Error refuse(std::size_t line, const char* what) {
  return {Fault::invalid, "line " + std::to_string(line) + ": " + what};
}

class CsvReading {
 public:
  explicit CsvReading(std::string_view text) : text_{text} {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  Result<std::vector<CsvRecord>> run() {
    while (at_ < text_.size()) {
      CsvRecord record{line_, {}};
      for (bool more = true; more;) {
        Result<std::string> cell = read_cell();
        if (!cell) return cell.error();
        record.cells.push_back(*std::move(cell));
        more = at_ < text_.size() && text_[at_] == ',';
        if (more) ++at_;
      }
      end_line();
      if (record.cells.size() > 1 || !trim(record.cells.front()).empty())
        records_.push_back(std::move(record));
    }
    return std::move(records_);
  }

 private:
  Result<std::string> read_cell() {
    if (at_ >= text_.size() || text_[at_] != '"') {
      const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
      std::string cell{text_.substr(at_, end - at_)};
      at_ = end;
      return cell;
    }
    const std::size_t began = line_;
    std::string cell;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      }
      if (text_[at_] == '\n') ++line_;
      cell += text_[at_];
    }
    if (at_ >= text_.size()) return refuse(began, "a quote is opened and never closed");
    ++at_;
    if (at_ < text_.size() && text_.find_first_of(",\r\n", at_) != at_)
      return refuse(line_, "text behind a closing quote");
    return cell;
  }

  void end_line() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
  std::vector<CsvRecord> records_;
};

}  // namespace

Result<std::vector<CsvRecord>> read_csv(std::string_view text) { return CsvReading{text}.run(); }

std::string csv_record(const std::vector<std::string>& cells, CsvFor reader) {
  std::string record;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) record += ',';
    std::string cell = cells[i];
    if (reader == CsvFor::spreadsheets && is_guarded(cell)) cell.insert(0, "'");
    // A record of one empty cell would be an empty line.
    const bool quoted =
        cell.find_first_of(",\"\r\n") != std::string::npos || (cell.empty() && cells.size() == 1);
    record += quoted ? '"' + replace_all(cell, "\"", "\"\"") + '"' : cell;
  }
  return record + "\r\n";
}

std::string_view without_guard(std::string_view cell) {
  return cell.starts_with('\'') && is_guarded(cell) ? cell.substr(1) : cell;
}

}  // namespace trust::notifier
