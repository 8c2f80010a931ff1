#include "lib/mail/split.h"

#include <algorithm>
#include <unordered_map>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"

namespace trust::mail {

namespace {

constexpr std::size_t kLongestBoundary = 1000;  // RFC 2046 allows 70
constexpr auto kNone = std::string_view::npos;

bool is_line_end(char c) { return c == '\r' || c == '\n'; }

/// "text/plain", or "" if that is no type.
std::string type_of(const Parameterised& content_type) {
  const std::string& value = content_type.value;
  const std::size_t slash = value.find('/');
  if (slash == kNone || slash == 0 || slash + 1 == value.size()) return "";
  return value.find('/', slash + 1) == kNone ? value : "";
}

bool is_mail_type(std::string_view type) {
  return type == "message/rfc822" || type == "message/global" || type == "message/news";
}

/// Fills in what the header says. Returns the boundary of a multipart, else "".
std::string read_header(Part& part, std::string_view block) {
  const Header header = Header::read(block);
  const Parameterised type = parse_parameters(header.value("Content-Type"));
  if (header.has("Content-Type")) {
    const std::string named = type_of(type);
    part.type = named.empty() ? "text/plain" : named;
  }
  part.charset = to_lower(type.parameter("charset"));
  part.format_flowed = equals_ignoring_case(type.parameter("format"), "flowed");
  const std::string_view encoding = trim(header.value("Content-Transfer-Encoding"));
  part.encoding = to_clean_utf8(to_lower(encoding.substr(0, encoding.find_first_of(" \t;("))));
  const Parameterised disposition = parse_parameters(header.value("Content-Disposition"));
  if (!disposition.value.empty())  // an unknown word means attachment (RFC 2183 2.8)
    part.disposition = disposition.value == "inline" ? "inline" : "attachment";
  const std::string_view file_name = disposition.parameter("filename");
  part.name = file_name.empty() ? type.parameter("name") : file_name;
  part.name_lossy = file_name.empty() ? type.lossy : disposition.lossy;
  return part.type.starts_with("multipart/") ? std::string{type.parameter("boundary")} : "";
}

/// Walks the lines once; open parts stand on a stack, so depth costs no call stack.
class Splitter {
 public:
  Splitter(std::string_view raw, const ScanLimits& limits) : raw_{raw}, limits_{limits} {}

  Tree split() {
    if (raw_.size() > limits_.message_bytes) hit("message_too_large");
    to_ = std::min(raw_.size(), limits_.message_bytes);
    open_part(tree_.root, 0, "text/plain");
    while (!full_) {
      const std::size_t line = next_dashes();
      if (line >= to_) break;
      take_line(line);
    }
    // Where the last boundary is missing, the line end before it would not have been the part's.
    for (std::size_t level = open_.size(); level-- > 0;) {
      if (open_[level].boundary.empty()) continue;
      close_down_to(level + 1, before_line(to_));
      break;
    }
    close_down_to(0, to_);
    return std::move(tree_);
  }

 private:
  /// A part whose end was not seen yet. A leaf is open only as the last one.
  struct Open {
    Part* part;
    std::string boundary;  ///< of a multipart, while its parts come
    bool is_digest = false;
  };

  void hit(const char* limit) {
    if (tree_.limit.empty()) tree_.limit = limit;
  }

  /// The next line that begins with "--", from at_ on.
  std::size_t next_dashes() {
    while (at_ < to_) {
      const std::size_t found = raw_.find("--", at_);
      if (found >= to_) break;
      if (found == line_ || is_line_end(raw_[found - 1])) return found;
      // Past this run of dashes: none of the rest begins a line.
      at_ = std::min(raw_.find_first_not_of('-', found), to_);
    }
    return to_;
  }

  /// A line that may be the delimiter of an open multipart.
  void take_line(std::size_t begin) {
    std::size_t end = begin;
    const std::size_t farthest = std::min(to_, begin + longest_boundary_ + 5);
    while (end < farthest && !is_line_end(raw_[end])) ++end;
    std::string_view text = raw_.substr(begin + 2, end - begin - 2);
    if (end == farthest && end < to_) {  // longer than any boundary, unless blanks follow
      std::size_t blank = end;
      while (blank < to_ && is_blank(raw_[blank])) ++blank;
      at_ = blank;
      if (blank < to_ && !is_line_end(raw_[blank])) return;
      end = blank;
    }
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    at_ = end;
    bool closes = false;
    std::size_t level = level_of(text);
    if (level == kNone && text.ends_with("--")) {
      text.remove_suffix(2);
      level = level_of(text);
      closes = true;
    }
    if (level == kNone) return;
    const std::size_t next = end < to_ ? line_at(raw_, end, to_).next : to_;
    close_down_to(level + 1, before_line(begin));
    at_ = line_ = next;
    if (closes) {
      forget(level);
    } else if (++count_ > limits_.parts) {
      hit("too_many_parts");
      full_ = true;
    } else {
      Part& parent = *open_[level].part;
      open_part(parent.parts.emplace_back(), next,
                open_[level].is_digest ? "message/rfc822" : "text/plain");
    }
  }

  /// The line end before a delimiter belongs to the delimiter.
  std::size_t before_line(std::size_t begin) const {
    if (begin > 0 && raw_[begin - 1] == '\n') --begin;
    if (begin > 0 && raw_[begin - 1] == '\r') --begin;
    return begin;
  }

  std::size_t level_of(std::string_view boundary) const {
    const auto found = levels_.find(std::string{boundary});
    return found == levels_.end() || found->second.empty() ? kNone : found->second.back();
  }

  /// Reads the header at `begin`; goes on into the mail inside a message/rfc822.
  void open_part(Part& first, std::size_t begin, const char* default_type) {
    Part* part = &first;
    for (;;) {
      part->type = default_type;
      const HeaderBlock block = find_header_block(raw_, begin, to_, limits_);
      if (block.over_limit)
        hit(block.end - block.begin >= limits_.header_bytes ? "header_too_long" : "field_too_long");
      part->header_begin = block.begin;
      part->header_end = block.end;
      part->body_begin = block.body;
      part->body_end = to_;
      std::string boundary = read_header(*part, raw_.substr(block.begin, block.end - block.begin));
      at_ = line_ = block.body;
      const bool is_mail = is_mail_type(part->type) && part->encoding != "base64" &&
                           part->encoding != "quoted-printable";
      open_.push_back({part, "", part->type == "multipart/digest"});
      if (boundary.empty() && !is_mail) return;
      if (open_.size() > limits_.depth) {
        hit("too_deep");
        return;
      }
      if (!is_mail) {
        while (is_blank(boundary.back())) {
          boundary.pop_back();
          if (boundary.empty()) return;
        }
        if (boundary.size() > kLongestBoundary) return;
        longest_boundary_ = std::max(longest_boundary_, boundary.size());
        levels_[boundary].push_back(open_.size() - 1);
        open_.back().boundary = std::move(boundary);
        return;
      }
      if (++count_ > limits_.parts) {
        hit("too_many_parts");
        full_ = true;
        return;
      }
      begin = block.body;
      part = &part->parts.emplace_back();
      default_type = "text/plain";
    }
  }

  /// The multipart at that level has no further parts.
  void forget(std::size_t level) {
    std::string& boundary = open_[level].boundary;
    if (boundary.empty()) return;
    levels_[boundary].pop_back();
    boundary.clear();
  }

  /// Ends every open part from `level` on.
  void close_down_to(std::size_t level, std::size_t end) {
    while (open_.size() > level) {
      Part& part = *open_.back().part;
      end = part.body_end = std::max(part.body_begin, end);
      forget(open_.size() - 1);
      // Without a single part it is no multipart, whatever it says; its text is read as text.
      if (part.type.starts_with("multipart/") && part.parts.empty()) part.type = "text/plain";
      open_.pop_back();
    }
  }

  std::string_view raw_;
  const ScanLimits& limits_;
  std::size_t to_ = 0;
  std::size_t at_ = 0;    ///< what was looked at
  std::size_t line_ = 0;  ///< a place where a line begins although no line end is looked for
  std::size_t count_ = 1;
  bool full_ = false;
  std::size_t longest_boundary_ = 0;
  std::unordered_map<std::string, std::vector<std::size_t>> levels_;
  std::vector<Open> open_;
  Tree tree_;
};

}  // namespace

const Part* find_part(const Part& root, const std::function<bool(const Part&)>& wanted) {
  if (wanted(root)) return &root;
  if (root.type.starts_with("message/")) return nullptr;
  for (const Part& inner : root.parts)
    if (const Part* found = find_part(inner, wanted)) return found;
  return nullptr;
}

Tree split_parts(std::string_view raw, const ScanLimits& limits) {
  return Splitter{raw, limits}.split();
}

}  // namespace trust::mail
