#include "lib/config/json_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace trust::config {

namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 32;

/// How far the parser has read. The parser copies its iterators, so the count stands outside them.
struct Position {
  int line = 1;
  char last = '\0';
};

/// Walks the text and counts the line breaks that were consumed. nlohmann's SAX interface tells no
/// positions; it calls us right after the token's last character was consumed, except that a
/// number's end is only seen one character later.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Position* position) : at_{at}, position_{position} {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    position_->last = *at_;
    if (*at_ == '\n') ++position_->line;
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  Position* position_;
};

/// Builds the tree. Returning false stops the parser; `problem` then says why.
class TreeBuilder : public nlohmann::json_sax<json> {
 public:
  explicit TreeBuilder(const Position& position) : position_{position} {}

  Given root;
  std::string problem;
  int problem_line = 0;

  bool null() override { return scalar(Given::Type::null, "null"); }
  bool boolean(bool value) override {
    return scalar(Given::Type::boolean, value ? "true" : "false");
  }
  bool number_integer(number_integer_t value) override { return number(fmt::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return number(fmt::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return number(text); }
  bool string(string_t& text) override {
    return scalar(Given::Type::string, std::exchange(text, {}));
  }
  bool binary(binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(Given::Type::object); }
  bool start_array(std::size_t) override { return open(Given::Type::list); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto& members = open_.back()->members;
    const bool doubled =
        std::any_of(members.begin(), members.end(), [&](const auto& m) { return m.key == name; });
    if (doubled) return refuse(path_to(name) + ": there twice; remove one of them");
    if (members.size() >= kMostMembers) return refuse("too many keys in one object");
    members.push_back({std::exchange(name, {}), {}});
    key_line_ = position_.line;
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    if (std::string_view{error.what()}.find("end of input") != std::string_view::npos)
      return refuse("the file ends too early; close every { [ and \"");
    return refuse(
        "not valid JSON here; look for a missing or extra comma, quote or bracket, here or just "
        "above");
  }

 private:
  static constexpr std::size_t kMostMembers = 1000;  // the search for doubles is quadratic

  bool refuse(std::string text) {
    problem = std::move(text);
    problem_line = position_.line;
    return false;
  }

  /// Dotted, as the table names it; list positions are left out.
  std::string path_to(const std::string& name) const {
    std::string path;
    for (const std::string& step : names_) path += step.empty() ? "" : step + ".";
    return path + name;
  }

  int line_of_value(bool read_ahead) const {
    if (!open_.empty() && open_.back()->type == Given::Type::object) return key_line_;
    return position_.line - (read_ahead && position_.last == '\n' ? 1 : 0);
  }

  /// Where the next value goes.
  Given& place() {
    if (open_.empty()) return root;
    Given& parent = *open_.back();
    if (parent.type == Given::Type::object) return parent.members.back().value;
    return parent.items.emplace_back();
  }

  bool number(std::string text) { return scalar(Given::Type::number, std::move(text), true); }

  bool scalar(Given::Type type, std::string text, bool read_ahead = false) {
    const int line = line_of_value(read_ahead);
    Given& here = place();
    here.type = type;
    here.text = std::move(text);
    here.line = line;
    return true;
  }

  bool open(Given::Type type) {
    if (open_.size() >= kDeepest) return refuse("nested too deep; at most 32 levels are read");
    const int line = line_of_value(/*read_ahead=*/false);
    const bool is_member = !open_.empty() && open_.back()->type == Given::Type::object;
    names_.push_back(is_member ? open_.back()->members.back().key : "");
    Given& here = place();
    here.type = type;
    here.line = line;
    // Stays valid: a parent's vector grows only after this value is closed.
    open_.push_back(&here);
    return true;
  }

  bool close() {
    open_.pop_back();
    names_.pop_back();
    return true;
  }

  const Position& position_;
  std::vector<Given*> open_;
  std::vector<std::string> names_;
  int key_line_ = 1;
};

}  // namespace

Result<Given> parse_tree(std::string_view text, const std::string& file) {
  Position position;
  TreeBuilder builder{position};
  const CountingIterator begin{text.data(), &position};
  const CountingIterator end{text.data() + text.size(), &position};
  const bool parsed = json::sax_parse(begin, end, &builder, json::input_format_t::json,
                                      /*strict=*/true, /*ignore_comments=*/true);
  if (!parsed)
    return Error{Fault::invalid,
                 fmt::format("{}:{}: {}", file, builder.problem_line, builder.problem)};
  if (builder.root.type != Given::Type::object)
    return Error{Fault::invalid,
                 file + ":1: not a JSON object; the settings stand between { and }"};
  return std::move(builder.root);
}

Given tree_of(std::string_view json_text) {
  Result<Given> parsed = parse_tree(fmt::format(R"({{"value":{}}})", json_text), "default");
  assert(parsed);
  return std::move(parsed->members.front().value);
}

}  // namespace trust::config
