#include "notifier/subscriber/import_file.h"

#include <unordered_map>

#include "lib/base/text.h"
#include "lib/mail/address.h"
#include "notifier/incident/incident.h"
#include "notifier/subscriber/csv.h"

namespace trust::notifier {

namespace {

constexpr std::size_t kMaxConsentBytes = 2000;
constexpr std::size_t npos = std::string::npos;

/// Where each column stands in a record; npos: it is not in the file.
struct Columns {
  std::size_t address = npos, services = npos, confirmed_at = npos, consent = npos;
};

Result<Columns> read_heading(const CsvRecord& heading) {
  Columns columns;
  const std::pair<std::string_view, std::size_t*> known[] = {
      {"address", &columns.address},
      {"services", &columns.services},
      {"confirmed_at", &columns.confirmed_at},
      {"consent", &columns.consent}};
  for (std::size_t i = 0; i < heading.cells.size(); ++i) {
    std::size_t* place = nullptr;
    for (const auto& [name, at] : known)
      if (equals_ignoring_case(trim(heading.cells[i]), name)) place = at;
    if (place == nullptr || *place != npos) {
      columns.address = npos;
      break;
    }
    *place = i;
  }
  if (columns.address == npos)
    return Error{
        Fault::invalid,
        "this line has to name the columns: address, and any of services, confirmed_at, consent"};
  return columns;
}

std::string cell_of(const CsvRecord& record, std::size_t column) {
  return column < record.cells.size() ? std::string{trim(without_guard(record.cells[column]))} : "";
}

Result<ImportRow> read_row(const CsvRecord& record, const Columns& columns, UtcTime now) {
  ImportRow row{
      .line = record.line, .address = {}, .services = {}, .confirmed_at = {}, .consent = {}};
  const Result<std::string> address = mail::strict_address(cell_of(record, columns.address));
  if (!address) return Error{Fault::invalid, "no address that can be written to"};
  row.address = *address;
  const std::string services = cell_of(record, columns.services);
  for (const std::string& service : services_from(services))
    row.services.push_back(folded_service(service));
  if (row.services.empty() && !services.empty())
    return Error{Fault::invalid, "services: write names with ; between them"};
  if (const std::string at = cell_of(record, columns.confirmed_at); !at.empty()) {
    const Result<UtcTime> time = parse_rfc3339(at);
    if (!time || *time > now)
      return Error{Fault::invalid,
                   "confirmed_at: write a time that is over, like 2026-11-24T10:00:00Z"};
    row.confirmed_at = *time;
  }
  row.consent = cell_of(record, columns.consent);
  if (row.consent.size() > kMaxConsentBytes || !is_valid_utf8(row.consent))
    return Error{Fault::invalid, "consent: at most 2000 bytes of UTF-8"};
  return row;
}

}  // namespace

ImportFile read_import_file(std::string_view csv, UtcTime now) {
  ImportFile file;
  const Result<std::vector<CsvRecord>> records = read_csv(csv);
  if (!records) {
    // "line 3: what"
    const std::string& text = records.error().text();
    const std::size_t colon = text.find(": ");
    file.problems.push_back({std::stoul(text.substr(5, colon - 5)), text.substr(colon + 2)});
    return file;
  }
  if (records->empty()) {
    file.problems.push_back({1, "the file is empty"});
    return file;
  }
  const Result<Columns> columns = read_heading(records->front());
  if (!columns) {
    file.problems.push_back({records->front().line, columns.error().text()});
    return file;
  }
  std::unordered_map<std::string, std::size_t> seen;  // address -> line
  for (std::size_t i = 1; i < records->size(); ++i) {
    const CsvRecord& record = (*records)[i];
    if (record.cells.size() > records->front().cells.size()) {
      file.problems.push_back(
          {record.line, "more cells than columns; quote cells that hold a comma"});
      continue;
    }
    Result<ImportRow> row = read_row(record, *columns, now);
    if (!row) {
      file.problems.push_back({record.line, row.error().text()});
      continue;
    }
    const auto [first, is_new] = seen.emplace(row->address, record.line);
    if (is_new)
      file.rows.push_back(*std::move(row));
    else
      file.problems.push_back(
          {record.line, "the address of line " + std::to_string(first->second) + " again"});
  }
  return file;
}

}  // namespace trust::notifier
