#include "lib/imap/reply_values.h"

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::imap {

namespace {

/// Reads values from left to right. Every function returns false when it meets what it cannot read.
class ValueReader {
 public:
  ValueReader(Framed& framed, std::size_t from, const ReplyParser::Limits& limits, bool in_code)
      : framed_{framed}, at_{from}, limits_{limits}, in_code_{in_code} {}

  /// Values until `closing`, which is used up; '\0' stands for the line's end.
  bool read_until(char closing, std::vector<Value>& into) {
    for (;;) {
      while (peek() == ' ') ++at_;
      if (peek() == closing && (closing != '\0' || at_end())) {
        ++at_;
        return true;
      }
      Value value;
      if (at_end() || ++count_ > limits_.values || !read_value(value)) return false;
      into.push_back(std::move(value));
      // "(a)(b)" is how lists of addresses stand; nothing else goes without a space.
      const char next = peek();
      if (!(at_end() || next == ' ' || next == closing || next == '(')) return false;
    }
  }

 private:
  bool at_end() const { return at_ >= framed_.line.size(); }
  char peek() const { return at_end() ? '\0' : framed_.line[at_]; }

  bool read_value(Value& value) {
    switch (peek()) {
      case '(': {
        if (++depth_ > limits_.nesting) return false;
        ++at_;
        value.kind = Value::Kind::list;
        const bool read = read_until(')', value.items);
        --depth_;
        return read;
      }
      case '"': return read_quoted(value);
      case '{': return read_literal(value);
      default: return read_atom(value);
    }
  }

  bool read_quoted(Value& value) {
    value.kind = Value::Kind::quoted;
    for (++at_; !at_end(); ++at_) {
      if (peek() == '"') {
        ++at_;
        return true;
      }
      if (peek() == '\\' && ++at_ >= framed_.line.size()) return false;
      value.text += peek();
    }
    return false;
  }

  bool read_literal(Value& value) {
    if (next_literal_ >= framed_.literals.size()) return false;
    Framed::Literal& literal = framed_.literals[next_literal_];
    if (literal.offset != at_) return false;
    ++next_literal_;
    at_ = framed_.line.find('}', at_) + 1;
    value.kind = literal.kept ? Value::Kind::literal : Value::Kind::too_large;
    value.size = literal.announced;
    value.text = std::move(literal.bytes);
    return true;
  }

  /// Brackets belong to it with all they hold: BODY[HEADER.FIELDS (FROM)]<0>.
  bool read_atom(Value& value) {
    const std::size_t from = at_;
    for (; !at_end(); ++at_) {
      const char c = peek();
      if (c == ' ' || c == '(' || c == ')' || c == '"' || c == '{') break;
      if (in_code_ && c == ']') break;
      if (!in_code_ && c == '[') {
        at_ = framed_.line.find(']', at_);
        if (at_ == std::string::npos) return false;
      }
    }
    value.text = framed_.line.substr(from, at_ - from);
    const bool nil = equals_ignoring_case(value.text, "NIL");
    value.kind = nil ? Value::Kind::nil : Value::Kind::atom;
    if (nil) value.text.clear();
    return at_ > from;
  }

  Framed& framed_;
  std::size_t at_;
  const ReplyParser::Limits& limits_;
  bool in_code_;
  std::size_t next_literal_ = 0;
  std::size_t depth_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

bool Value::is_atom(std::string_view word) const {
  return kind == Kind::atom && equals_ignoring_case(text, word);
}

std::optional<std::uint64_t> Value::number() const {
  const auto value = kind == Kind::atom ? number_of<std::uint64_t>(text) : std::nullopt;
  return value && *value >> 63U == 0 ? value : std::nullopt;
}

std::optional<std::uint64_t> Reply::code_number(std::string_view name) const {
  if (code.size() != 2 || !code[0].is_atom(name)) return std::nullopt;
  return code[1].number();
}

bool Reply::has_code(std::string_view name) const { return !code.empty() && code[0].is_atom(name); }

std::optional<std::vector<Value>> read_values(Framed& framed, std::size_t from,
                                              const ReplyParser::Limits& limits) {
  std::vector<Value> values;
  if (!ValueReader{framed, from, limits, /*in_code=*/false}.read_until('\0', values))
    return std::nullopt;
  return values;
}

std::optional<std::vector<Value>> read_code(Framed& framed, std::size_t from,
                                            const ReplyParser::Limits& limits) {
  std::vector<Value> values;
  if (!ValueReader{framed, from + 1, limits, /*in_code=*/true}.read_until(']', values))
    return std::nullopt;
  return values;
}

}  // namespace trust::imap
