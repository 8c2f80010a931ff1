#pragma once

/// lib/render: the words of our mails, as Mustache files that are edited without a compiler.
///   template.*        one text: checked against the names it may use, filled in with values
///   mail_template.*   subject, text and HTML of one kind of mail, from templates/mail/LANGUAGE/;
///                     one page, in the frame of all, from templates/web/
/// A template knows {{name}}, {{#section}}…{{/section}}, {{^inverted}}…{{/inverted}} and comments
/// {{! …}}. No partials, no other delimiters, nothing unescaped in HTML. An unknown name is an
/// error when the template is read. A value is never read as a template (SEC-39).

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/result.h"

namespace trust::render {

/// A name that a template may use. text: {{name}}, and a section that shows when it is not empty;
/// flag: a section; list: a section that repeats, with names of its own besides the outer ones.
struct Variable {
  enum class Kind { text, flag, list };
  std::string_view name;
  std::string_view doc;
  Kind kind = Kind::text;
  std::span<const Variable> items = {};  ///< names inside a list
};

/// What a template is filled with: every declared variable, by its kind.
struct Values {
  using Value = std::variant<std::string, bool, std::vector<Values>>;
  std::map<std::string, Value, std::less<>> by_name;

  Values() = default;
  Values(std::initializer_list<std::pair<const std::string, Value>> values) : by_name{values} {}
  void set(std::string name, Value value) { by_name[std::move(name)] = std::move(value); }
};

enum class Escaping { none, html };

/// A checked text. A value; copies share the compiled form. Rendering is safe from any thread.
class Template {
 public:
  /// `name` is how errors call it. `variables` and their docs must outlive the template (static).
  /// Fault::invalid, "NAME:LINE: …": unknown name (with the nearest known one), a section that is
  /// not closed, a partial, other delimiters, or {{{…}}} and {{&…}} in HTML.
  static Result<Template> compile(std::string name, std::string source,
                                  std::span<const Variable> variables, Escaping escaping);

  /// Fault::internal: a declared variable has no value, or one of the wrong kind.
  Result<std::string> render(const Values& values) const;
  const std::string& source() const;

 private:
  struct Compiled;
  explicit Template(std::shared_ptr<const Compiled> compiled) : compiled_{std::move(compiled)} {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace trust::render
