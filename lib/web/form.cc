#include "lib/web/form.h"

#include <algorithm>
#include <optional>

#include "lib/base/ascii.h"
#include "lib/base/text.h"

namespace trust::web {

namespace {

constexpr std::size_t kMostFields = 100;
constexpr std::size_t kLongestName = 100;
constexpr std::size_t kLongestValue = 4000;

std::optional<std::string> decoded(std::string_view text, std::size_t longest) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0)
        return std::nullopt;
      c = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    }
    if (c == '\0' || out.size() == longest) return std::nullopt;
    out += c;
  }
  return to_clean_utf8(out);
}

}  // namespace

Result<Form> Form::parse(std::string_view encoded) {
  Form form;
  for (const std::string_view pair : split(encoded, '&')) {
    if (pair.empty()) continue;
    const std::size_t mark = std::min(pair.find('='), pair.size());
    auto name = decoded(pair.substr(0, mark), kLongestName);
    auto value = decoded(pair.substr(std::min(mark + 1, pair.size())), kLongestValue);
    if (!name || !value || form.fields_.size() == kMostFields)
      return Error{Fault::invalid, "the form cannot be read"};
    form.fields_.emplace_back(*std::move(name), *std::move(value));
  }
  return form;
}

std::string Form::first(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (key == name) return value;
  return "";
}

std::vector<std::string> Form::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : fields_)
    if (key == name) values.push_back(value);
  return values;
}

}  // namespace trust::web
