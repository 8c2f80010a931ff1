#include "lib/mail/scan.h"

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/words.h"

namespace trust::mail {

namespace {

constexpr int kMostDamaged = 4;  // lines in a row; after more the rest is body

/// Names that show that a header goes on after a damaged line. Words a sentence may begin with
/// ("Note: …") are none.
bool is_well_known_field(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  if (name.find('-') != std::string_view::npos) return true;
  return equals_any(name, "from|to|cc|date|subject|sender|received");
}

/// Past what stands before the first field of a mail.
std::size_t past_preface(std::string_view raw, std::size_t from, std::size_t to) {
  std::size_t at = from;
  if (raw.substr(at, 3) == "\xEF\xBB\xBF") at += 3;
  while (at < to) {
    const Line line = line_at(raw, at, to);
    const bool mbox = line.text.starts_with("From ") || line.text.starts_with(">From ");
    if (!line.text.empty() && !mbox) break;
    at = line.next;
  }
  return at;
}

}  // namespace

Line line_at(std::string_view raw, std::size_t from, std::size_t to) {
  const std::size_t end = std::min(raw.find_first_of("\r\n", from), to);
  const std::string_view rest = raw.substr(end, std::min<std::size_t>(to - end, 3));
  const std::size_t ending = rest.starts_with("\r\r\n") ? 3 : rest.starts_with("\r\n") ? 2 : 1;
  return {raw.substr(from, end - from), std::min(end + ending, to)};
}

bool begins_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view name = line.substr(0, colon);
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  return !name.empty() && all_of(name, is_visible);
}

HeaderBlock find_header_block(std::string_view raw, std::size_t from, std::size_t to,
                              const ScanLimits& limits) {
  to = std::min(to, raw.size());
  HeaderBlock block;
  block.begin = from == 0 ? past_preface(raw, from, to) : std::min(from, to);
  std::size_t at = block.begin;
  std::size_t field = at;    // where the open field began
  std::size_t damaged = to;  // the first of a run of lines that are no field; `to` = none
  int damaged_lines = 0;
  while (at < to) {
    const Line line = line_at(raw, at, to);
    if (line.text.empty()) break;
    const bool continues = is_blank(line.text.front()) && at > block.begin;
    if (continues && damaged == to) {
      block.over_limit |= line.next - field > limits.field_bytes;
    } else if (!continues) {
      const bool is_field = begins_field(line.text);
      if (is_field && (damaged == to || is_well_known_field(line.text))) {
        field = at;
        damaged = to;
        damaged_lines = 0;
        block.over_limit |= line.next - at > limits.field_bytes;
      } else if (line.text.starts_with("--") || is_field || ++damaged_lines > kMostDamaged) {
        if (damaged == to) damaged = at;
        break;
      } else if (damaged == to) {
        damaged = at;
      }
    }
    at = line.next;
  }
  block.body = at;
  if (damaged != to) {
    at = block.body = damaged;
  } else if (at < to) {
    block.body = line_at(raw, at, to).next;
  }
  block.over_limit |= at - block.begin > limits.header_bytes;
  block.end = at;
  return block;
}

}  // namespace trust::mail
