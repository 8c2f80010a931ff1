#pragma once

#include <cstddef>
#include <string_view>

namespace trust::mail {

/// Limits that are held before any other code sees a mail. All counts are of raw bytes.
struct ScanLimits {
  std::size_t message_bytes = 40U << 20U;
  std::size_t header_bytes = 256U << 10U;  ///< of each header block
  std::size_t field_bytes = 64U << 10U;    ///< of each field, folded lines included
  std::size_t depth = 100;                 ///< of nested parts
  std::size_t parts = 10'000;
};

/// Where the header block that starts at `from` stands, and where the body begins. It ends at a
/// blank line, or where a line is neither a field nor its continuation (unless more fields follow).
struct HeaderBlock {
  std::size_t begin = 0;  ///< the first field; at the start of a mail a BOM, blank lines and mbox's
                          ///< "From " line are passed over
  std::size_t end = 0;    ///< of its last line, the line end included
  std::size_t body = 0;
  bool over_limit = false;  ///< the block or a field is longer than allowed; Header::read keeps so
                            ///< much of either, so that what follows a giant field is still read
};
HeaderBlock find_header_block(std::string_view raw, std::size_t from, std::size_t to,
                              const ScanLimits& limits);

/// A line without its end, and where the next one begins. A line ends with LF, with CRLF (or CR
/// CRLF), or with a lone CR. REQUIRES from < to.
struct Line {
  std::string_view text;
  std::size_t next = 0;
};
Line line_at(std::string_view raw, std::size_t from, std::size_t to);

/// Whether a line begins a field: a name without blanks, then a colon.
bool begins_field(std::string_view line);

}  // namespace trust::mail
