#include "lib/render/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <kainjow/mustache.hpp>
#include <optional>
#include <utility>

#include "lib/base/text.h"
#include "lib/html/entities.h"

namespace trust::render {

namespace {

using Kind = Variable::Kind;
namespace mustache = kainjow::mustache;

const Variable* find_in(std::span<const Variable> scope, std::string_view name) {
  const auto found =
      std::find_if(scope.begin(), scope.end(), [&](const Variable& v) { return v.name == name; });
  return found == scope.end() ? nullptr : &*found;
}

/// Walks the tags of a source and holds them against the names it may use.
class Checker {
 public:
  Checker(std::string_view name, std::string_view source, std::span<const Variable> variables,
          Escaping escaping)
      : name_{name}, source_{source}, escaping_{escaping}, scopes_{variables} {}

  Status check() {
    for (std::size_t at = 0; (at = source_.find("{{", at)) != std::string_view::npos;) {
      at_ = at;
      const bool triple = source_.substr(at).starts_with("{{{");
      const std::string_view close = triple ? "}}}" : "}}";
      const std::size_t begin = at + close.size();
      const std::size_t end = source_.find(close, begin);
      if (end == std::string_view::npos)
        return wrong("a tag is not closed with " + std::string{close});
      std::string_view content = source_.substr(begin, end - begin);
      if (Status good = triple ? unescaped(content) : tag(content); !good) return good;
      at = end + close.size();
    }
    at_ = source_.size();
    if (!sections_.empty())
      return wrong(fmt::format("{{{{/{}}}}} is missing", sections_.back().name));
    return ok();
  }

 private:
  struct Section {
    std::string_view name;
    bool has_scope = false;
  };

  Status wrong(const std::string& what) const {
    const auto line =
        1 + std::count(source_.begin(), source_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return Error{Fault::invalid, fmt::format("{}:{}: {}", name_, line, what)};
  }

  Result<const Variable*> known(std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
      if (const Variable* const found = find_in(*scope, name)) return found;
    std::vector<std::string_view> names;
    for (const auto& scope : scopes_)
      for (const Variable& v : scope) names.push_back(v.name);
    const std::string_view meant = closest(name, names);
    return wrong(fmt::format("unknown name {{{{{}}}}}; {}", name.substr(0, 60),
                             meant.empty() ? std::string{"the command templates lists all"}
                                           : fmt::format("did you mean {{{{{}}}}}?", meant)))
        .error();
  }

  Status unescaped(std::string_view content) const {
    if (escaping_ == Escaping::html)
      return wrong("unescaped text may not stand in HTML; write {{…}}");
    return text(trim(content));
  }

  Status text(std::string_view name) const {
    const Result<const Variable*> variable = known(name);
    if (!variable) return variable.error();
    if ((*variable)->kind == Kind::text) return ok();
    return wrong(
        fmt::format("{{{{{}}}}} is no text; write {{{{#{}}}}} … {{{{/{}}}}}", name, name, name));
  }

  Status tag(std::string_view content) {
    const std::string_view inner = trim(content);
    if (inner.empty()) return wrong("an empty tag");
    const std::string_view rest = trim(inner.substr(1));
    switch (inner[0]) {
      case '!': return ok();
      case '&': return unescaped(rest);
      case '>': return wrong("other files cannot be taken in with {{>…}}");
      case '=': return wrong("other delimiters cannot be set with {{=…=}}");
      case '#': return open(rest, /*inverted=*/false);
      case '^': return open(rest, /*inverted=*/true);
      case '/': return close(rest);
      default: return text(inner);
    }
  }

  Status open(std::string_view name, bool inverted) {
    const Result<const Variable*> variable = known(name);
    if (!variable) return variable.error();
    const bool has_scope = !inverted && (*variable)->kind == Kind::list;
    if (has_scope) scopes_.push_back((*variable)->items);
    sections_.push_back({name, has_scope});
    return ok();
  }

  Status close(std::string_view name) {
    if (sections_.empty() || sections_.back().name != name)
      return wrong(fmt::format("{{{{/{}}}}} closes nothing that is open here", name.substr(0, 60)));
    if (sections_.back().has_scope) scopes_.pop_back();
    sections_.pop_back();
    return ok();
  }

  std::string_view name_, source_;
  Escaping escaping_;
  std::size_t at_ = 0;
  std::vector<std::span<const Variable>> scopes_;
  std::vector<Section> sections_;
};

/// The values as the library wants them. Fault::internal names what is missing.
Result<mustache::data> data_of(std::span<const Variable> variables, const Values& values) {
  mustache::data out{mustache::data::type::object};
  for (const Variable& variable : variables) {
    const auto given = values.by_name.find(variable.name);
    const std::string name{variable.name};
    const auto no_value = [&] {
      return Error{Fault::internal, "a template's variable has no value: " + name};
    };
    if (given == values.by_name.end() ||
        given->second.index() != static_cast<std::size_t>(variable.kind))
      return no_value();
    if (const auto* text = std::get_if<std::string>(&given->second)) {
      // Empty text is `false`: it prints nothing, and its section does not show.
      out.set(name, text->empty() ? mustache::data{false} : mustache::data{*text});
    } else if (const auto* flag = std::get_if<bool>(&given->second)) {
      out.set(name, mustache::data{*flag});
    } else {
      mustache::data list{mustache::data::type::list};
      for (const Values& item : std::get<std::vector<Values>>(given->second)) {
        Result<mustache::data> data = data_of(variable.items, item);
        if (!data) return data.error();
        list << *data;
      }
      out.set(name, list);
    }
  }
  return out;
}

/// Stands behind every silent tag in what the library gets, so that no line is empty to it.
constexpr char kTagMark = '\x01';

/// The one tag that a line consists of, if it opens, inverts or closes a section or is a comment.
std::optional<std::string_view> only_tag(std::string_view line) {
  const std::string_view tag = trim(line);
  if (!tag.starts_with("{{") || tag.find("}}") != tag.size() - 2) return std::nullopt;
  const std::size_t kind = tag.find_first_not_of(" \t", 2);
  return std::string_view{"#^/!"}.find(tag[kind]) == std::string_view::npos ? std::nullopt
                                                                            : std::optional{tag};
}

/// The source without the line ends of lines that hold a single silent tag, as Mustache wants it.
/// The library itself takes them out only where the section shows.
std::string without_tag_lines(std::string_view source) {
  std::string out;
  for (std::size_t at = 0; at < source.size();) {
    const std::size_t end = std::min(source.find('\n', at), source.size() - 1) + 1;
    const std::string_view line = source.substr(at, end - at);
    const std::optional<std::string_view> tag = only_tag(line);
    out += tag ? *tag : line;
    if (tag) out += kTagMark;
    at = end;
  }
  return out;
}

}  // namespace

struct Template::Compiled {
  std::string name;
  std::string source;
  std::span<const Variable> variables;
  // The library's render() is not const, though it changes only its error text, and that only for
  // partials and lambdas, which the checker refuses.
  mutable mustache::mustache form;
};

Result<Template> Template::compile(std::string name, std::string source,
                                   std::span<const Variable> variables, Escaping escaping) {
  if (Status good = Checker{name, source, variables, escaping}.check(); !good) return good.error();
  auto compiled = std::make_shared<Compiled>(
      Compiled{std::move(name), std::move(source), variables, mustache::mustache{""}});
  compiled->form = mustache::mustache{without_tag_lines(compiled->source)};
  if (!compiled->form.is_valid())
    return Error{Fault::invalid, compiled->name + ":1: not a Mustache template"};
  compiled->form.set_custom_escape([escaping](const std::string& text) {
    return escaping == Escaping::html ? html::encode_entities(text) : text;
  });
  return Template{std::move(compiled)};
}

Result<std::string> Template::render(const Values& values) const {
  const Result<mustache::data> data = data_of(compiled_->variables, values);
  if (!data) return data.error().within(compiled_->name);
  std::string text = compiled_->form.render(*data);
  std::erase(text, kTagMark);
  return text;
}

const std::string& Template::source() const { return compiled_->source; }

}  // namespace trust::render
