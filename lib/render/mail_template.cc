#include "lib/render/mail_template.h"

#include <fmt/format.h>
#include <ostream>

#include "lib/base/file.h"
#include "lib/base/text.h"

namespace trust::render {

namespace {

constexpr std::uint64_t kMostBytes = 1U << 20U;

/// "Subject: …", an empty line, the body.
struct TextFile {
  std::string subject, body;
};
Result<TextFile> take_apart(const std::string& name, const std::string& text) {
  constexpr std::string_view kSubject = "Subject: ";
  const auto line_end = text.find('\n');
  if (!text.starts_with(kSubject) || line_end == std::string::npos)
    return Error{Fault::invalid, name + ":1: the first line is not \"Subject: …\""};
  if (text.compare(line_end, 2, "\n\n") != 0)
    return Error{Fault::invalid, name + ":2: not an empty line, which must follow the subject"};
  return TextFile{text.substr(kSubject.size(), line_end - kSubject.size()),
                  text.substr(line_end + 2)};
}

std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

Result<std::string> read_template(const std::string& path) {
  Result<std::string> text = read_file(path, kMostBytes);
  if (text) return text;
  return Error{
      text.error().fault(),
      text.error().text() + "; the setting templates names the folder that holds mail/en/"};
}

void print_variables(std::ostream& out, std::span<const Variable> variables, int depth) {
  for (const Variable& v : variables) {
    const std::string shown = v.kind == Variable::Kind::text ? fmt::format("{{{{{}}}}}", v.name)
                                                             : fmt::format("{{{{#{}}}}}", v.name);
    out << fmt::format("{:{}}{:<{}} {}\n", "", 2 + 2 * depth, shown, 24 - 2 * depth, v.doc);
    print_variables(out, v.items, depth + 1);
  }
}

}  // namespace

Result<MailText> MailTemplate::render(const Values& values) const {
  Result<std::string> subject_line = subject.render(values);
  if (!subject_line) return subject_line.error();
  Result<std::string> body = text.render(values);
  if (!body) return body.error();
  MailText out{one_line(*std::move(subject_line)), *std::move(body), {}};
  if (!html) return out;
  Result<std::string> page = html->render(values);
  if (!page) return page.error();
  out.html = *std::move(page);
  return out;
}

Result<MailTemplate> parse_mail_template(const MailTemplateInfo& info, const std::string& text_file,
                                         const std::string& html_file) {
  const std::string text_name = std::string{info.name} + ".txt";
  const Result<TextFile> parts = take_apart(text_name, text_file);
  if (!parts) return parts.error();
  Result<Template> subject =
      Template::compile(text_name, parts->subject, info.variables, Escaping::none);
  if (!subject) return subject.error();
  // Two line ends stand for the subject, so that errors count lines as an editor does.
  Result<Template> counted =
      Template::compile(text_name, "\n\n" + parts->body, info.variables, Escaping::none);
  if (!counted) return counted.error();
  Result<Template> text = Template::compile(text_name, parts->body, info.variables, Escaping::none);
  if (!text) return text.error();
  MailTemplate out{*std::move(subject), *std::move(text), {}};
  if (!info.has_html) return out;
  Result<Template> html = Template::compile(std::string{info.name} + ".html", html_file,
                                            info.variables, Escaping::html);
  if (!html) return html.error();
  out.html = *std::move(html);
  return out;
}

Result<MailTemplate> load_mail_template(const std::string& folder, const MailTemplateInfo& info) {
  const std::string stem = fmt::format("{}/mail/en/{}", folder, info.name);
  const Result<std::string> text = read_template(stem + ".txt");
  if (!text) return text.error();
  Result<std::string> html = info.has_html ? read_template(stem + ".html") : std::string{};
  if (!html) return html.error();
  Result<MailTemplate> made = parse_mail_template(info, *text, *html);
  if (!made) return made.error().within(folder + "/mail/en");
  return made;
}

void print_templates(std::ostream& out, std::span<const MailTemplateInfo> table) {
  for (const MailTemplateInfo& info : table) {
    out << fmt::format("mail/en/{}.txt{}\n  {}\n", info.name,
                       info.has_html ? fmt::format(" and {}.html", info.name) : std::string{},
                       info.doc);
    print_variables(out, info.variables, 0);
    out << '\n';
  }
}

void print_web_pages(std::ostream& out, std::span<const MailTemplateInfo> table) {
  for (const MailTemplateInfo& info : table) {
    out << fmt::format("web/{}.html\n  {}\n", info.name, info.doc);
    print_variables(out, info.variables, 0);
    out << '\n';
  }
}

Result<Template> load_web_page(const std::string& folder, const MailTemplateInfo& info) {
  const std::string stem = folder + "/web/";
  const Result<std::string> frame = read_file(stem + "frame.html");
  const Result<std::string> page = read_file(stem + std::string{info.name} + ".html");
  for (const auto* file : {&frame, &page})
    if (!*file)
      return Error{
          file->error().fault(),
          file->error().text() + "; the setting templates names the folder that holds web/"};
  const std::size_t from = page->find("<h1>"), to = page->find("</h1>");
  if (from == std::string::npos || to == std::string::npos)
    return Error{Fault::invalid, stem + std::string{info.name} + ".html:1: has no <h1>"};
  const std::string title = page->substr(from + 4, to - from - 4);
  return Template::compile(
      "web/" + std::string{info.name} + ".html",
      replace_all(replace_all(*frame, "<!-- title -->", title), "<!-- page -->", *page),
      info.variables, Escaping::html);
}

}  // namespace trust::render
