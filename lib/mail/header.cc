#include "lib/mail/header.h"

#include <mimetic/mimeentity.h>
#include <mimetic/parser/itparser.h>
#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/scan.h"

namespace trust::mail {

namespace {

constexpr std::size_t kMostValue = 64U << 10U;    // mimetic's time is quadratic beyond
constexpr std::size_t kMostHeader = 256U << 10U;  // of all that is kept
constexpr std::size_t kMostIds = 200;
constexpr std::size_t kLongestId = 998;
constexpr char kNulMark = '\x1A';

/// mimetic's header reader and nothing else of it: its loader goes on into the body, and its typed
/// accessors corrupt memory on hostile values.
class HeaderReader : public mimetic::IteratorParser<const char*, std::input_iterator_tag> {
 public:
  explicit HeaderReader(mimetic::MimeEntity& entity) : IteratorParser{entity} {}
  void read(std::string_view block) {
    m_bit = block.data();
    m_eit = block.data() + block.size();
    loadHeader();
  }
};

/// The fields one by one, each on a line of its own: what mimetic reads without losing anything. It
/// takes a damaged line for the body, ends values at a NUL and drops a last field without a line
/// end.
std::string one_line_per_field(std::string_view block) {
  std::string out;
  out.reserve(std::min(block.size(), kMostHeader) + 4);
  std::size_t value_begin = 0;  // in `out`; 0: no field is open
  const auto append = [&](std::string_view piece) {
    const std::size_t room = kMostValue - std::min(kMostValue, out.size() - value_begin);
    for (const char c : piece.substr(0, room)) out += c == '\0' ? kNulMark : c;
  };
  for (std::size_t at = 0; at < block.size() && out.size() < kMostHeader;) {
    const Line line = line_at(block, at, block.size());
    at = line.next;
    if (!line.text.empty() && is_blank(line.text.front())) {
      if (value_begin > 0) append(line.text);
      continue;
    }
    if (value_begin > 0) out += "\r\n";
    value_begin = 0;
    if (!begins_field(line.text)) continue;
    const std::size_t colon = line.text.find(':');
    if (colon > kLongestId) continue;
    out += trim(line.text.substr(0, colon));
    out += ':';
    value_begin = out.size();
    append(line.text.substr(colon + 1));
  }
  if (value_begin > 0) out += "\r\n";
  out += "\r\n";
  return out;
}

/// An id without white space (folding leaves some) and valid as text; "" if it is none.
std::string clean_id(std::string_view id) {
  std::string out;
  if (id.size() > kLongestId) return out;
  for (const char c : id)
    if (c == kNulMark || static_cast<unsigned char>(c) > ' ') out += c == kNulMark ? '\0' : c;
  return to_clean_utf8(out);
}

}  // namespace

Header Header::read(std::string_view block) {
  const std::string lines = one_line_per_field(block);
  mimetic::MimeEntity entity;
  HeaderReader{entity}.read(lines);
  const mimetic::Header& fields = entity.header();
  Header header;
  header.fields_.reserve(fields.size());
  for (const mimetic::Field& field : fields)
    header.fields_.push_back({{field.name().begin(), field.name().end()}, field.value()});
  return header;
}

std::string_view Header::value(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const Field& f) {
    return equals_ignoring_case(f.name, name);
  });
  return found == fields_.end() ? std::string_view{} : found->value;
}

bool Header::has(std::string_view name) const { return count(name) > 0; }

std::size_t Header::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const Field& f) { return equals_ignoring_case(f.name, name); }));
}

std::vector<std::string_view> Header::values(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const Field& field : fields_)
    if (equals_ignoring_case(field.name, name)) found.push_back(field.value);
  return found;
}

std::vector<std::string> parse_message_ids(std::string_view raw_value) {
  std::vector<std::string> ids;
  const auto take = [&](std::string_view text) {
    std::string id = clean_id(text);
    if (!id.empty()) ids.push_back(std::move(id));
  };
  std::string decoded;
  if (raw_value.find('<') == std::string_view::npos) {
    // Some libraries encode a long id as if it were text.
    if (raw_value.find("=?") != std::string_view::npos) {
      decoded = decode_words(raw_value).text;
      raw_value = decoded;
    }
  }
  if (raw_value.find('<') == std::string_view::npos) {
    const std::string folded = fold_space(raw_value);
    for (const std::string_view word : split(folded, ' ')) {
      if (ids.size() == kMostIds) break;
      if (word.find('@') != std::string_view::npos) take(word);
    }
    return ids;
  }
  std::size_t open = std::string_view::npos;
  for (std::size_t at = 0; at < raw_value.size() && ids.size() < kMostIds; ++at) {
    if (raw_value[at] == '<') open = at + 1;
    if (raw_value[at] != '>' || open == std::string_view::npos) continue;
    take(raw_value.substr(open, at - open));
    open = std::string_view::npos;
  }
  return ids;
}

}  // namespace trust::mail
