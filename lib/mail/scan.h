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

/// Where the header block that starts at `from` ends (offset of its blank line, or of the end) and
/// where the body begins.
struct HeaderBlock {
  std::size_t end = 0;
  std::size_t body = 0;
  bool over_limit = false;  ///< the block or a field is longer than allowed; `end` is cut there
};
HeaderBlock find_header_block(std::string_view raw, std::size_t from, std::size_t to,
                              const ScanLimits& limits);

}  // namespace trust::mail
