#include "notifier/subscriber/csv.h"

#include <gtest/gtest.h>

#include "notifier/subscriber/import_file.h"

namespace trust::notifier {
namespace {

std::string drawn(std::string_view csv) {
  const auto records = read_csv(csv);
  if (!records) return records.error().text();
  std::string out;
  for (const CsvRecord& record : *records) {
    out += std::to_string(record.line) + ":";
    for (const std::string& cell : record.cells) out += "[" + cell + "]";
  }
  return out;
}

TEST(Csv, Rfc4180IsRead) {
  const std::pair<const char*, const char*> rows[] = {
      {"a,b\r\nc,d\r\n", "1:[a][b]2:[c][d]"},
      {"a,b\nc,d", "1:[a][b]2:[c][d]"},
      {"a\rb", "1:[a]2:[b]"},
      {"\"a\"\"b\",\"c,d\"\r\n", "1:[a\"b][c,d]"},
      {"\"a\r\nb\",c\r\nd,e", "1:[a\r\nb][c]3:[d][e]"},
      {"\xEF\xBB\xBF"
       "a,\n\n,b\n",
       "1:[a][]3:[][b]"},
      {"a\"b,c", "1:[a\"b][c]"},
      {"", ""},
      {"a,\"b\nc", "line 1: a quote is opened and never closed"},
      {"a\n\"b\"c", "line 2: text behind a closing quote"},
  };
  for (const auto& [csv, expected] : rows) EXPECT_EQ(drawn(csv), expected) << csv;
}

TEST(Csv, WhatIsWrittenForASpreadsheetComesBackExactly) {
  const std::vector<std::string> cells{"=1+1", "+49",  "-x", "@a",   "\tx",   "\rx",
                                       "'=x",  "''=x", "'x", "a,b",  "\"q\"", "a\nb",
                                       "",     " x",   "'",  "plain"};
  const std::string record = csv_record(cells, CsvFor::spreadsheets);
  for (const char* formula : {"\n=", ",=", ",+", ",-", ",@", ",\t", "\"=", "\"+"})
    EXPECT_EQ(record.find(formula), std::string::npos) << formula;
  EXPECT_TRUE(record.starts_with("'=1+1,"));
  const auto back = read_csv(record);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 1U);
  std::vector<std::string> read;
  for (const std::string& cell : back->front().cells) read.emplace_back(without_guard(cell));
  EXPECT_EQ(read, cells);
  EXPECT_EQ(csv_record({""}, CsvFor::machines), "\"\"\r\n");
  EXPECT_EQ(csv_record({"=x", ""}, CsvFor::machines), "=x,\r\n");
}

TEST(ImportFile, EachBadLineIsNamed) {
  const UtcTime now = *parse_rfc3339("2026-11-24T10:00:00Z");
  const ImportFile file = read_import_file(
      "address,services,confirmed_at,consent\r\n"
      "Ann@Example.org,Haven DNS;Sigil auth,2026-01-02T03:04:05Z,\"I agree, \"\"fully\"\"\"\r\n"
      "not an address,,,\r\n"
      "bob@example.org\r\n"
      "\r\n"
      "ann@example.org,,,\r\n"
      "cat@example.org,,2027-01-01T00:00:00Z,\r\n"
      "dan@example.org,,yesterday,\r\n"
      "eve@example.org,a,b,c,d\r\n"
      "'+x@example.org,;;,,\r\n"
      "'+y@example.org,,,\r\n",
      now);
  ASSERT_EQ(file.rows.size(), 3U);
  EXPECT_EQ(file.rows[0].address, "ann@example.org");
  EXPECT_EQ(file.rows[0].services, (std::vector<std::string>{"haven dns", "sigil auth"}));
  EXPECT_EQ(file.rows[0].confirmed_at, *parse_rfc3339("2026-01-02T03:04:05Z"));
  EXPECT_EQ(file.rows[0].consent, "I agree, \"fully\"");
  EXPECT_EQ(file.rows[1].address, "bob@example.org");
  EXPECT_EQ(file.rows[2].address, "+y@example.org");
  std::vector<std::size_t> lines;
  for (const ImportProblem& problem : file.problems) {
    lines.push_back(problem.line);
    EXPECT_EQ(problem.what.find('@'), std::string::npos);
  }
  EXPECT_EQ(lines, (std::vector<std::size_t>{3, 6, 7, 8, 9, 10}));
}

TEST(ImportFile, TheFirstLineNamesTheColumns) {
  const UtcTime now = *parse_rfc3339("2026-11-24T10:00:00Z");
  for (const char* csv :
       {"", "ann@example.org\r\n", "services\r\na\r\n", "address,address\r\na,b\r\n",
        "address,colour\r\na@example.org,b\r\n", "address\r\n\"a"})
    EXPECT_EQ(read_import_file(csv, now).problems.size(), 1U) << csv;
  EXPECT_EQ(read_import_file(" Consent , ADDRESS\r\nyes,a@example.org\r\n", now).rows.size(), 1U);
}

}  // namespace
}  // namespace trust::notifier
