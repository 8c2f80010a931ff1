#include "lib/render/web_page.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

namespace trust::render {

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
