#pragma once

#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/render/template.h"

namespace trust::render {

/// One kind of mail a program sends: the names its files may use. A program has one static table of
/// them, which the `templates` command prints.
struct MailTemplateInfo {
  std::string_view name;  ///< file name without ending: "acknowledgment"
  std::string_view doc;   ///< when it is sent, to whom
  std::span<const Variable> variables;
  bool has_html = false;
};

/// A mail's words, filled in.
struct MailText {
  std::string subject;  ///< one line
  std::string text;
  std::string html;  ///< "": the mail has none
};

/// The words of one kind of mail: NAME.txt (first line "Subject: …", an empty line, the body) and,
/// where the kind has one, NAME.html.
struct MailTemplate {
  Template subject;
  Template text;
  std::optional<Template> html;

  Result<MailText> render(const Values& values) const;
};

/// From the texts of the files, for example as frozen in a store.
Result<MailTemplate> parse_mail_template(const MailTemplateInfo& info, const std::string& text_file,
                                         const std::string& html_file);
/// From FOLDER/mail/en/. Fault::not_found, denied: the sentence names the file and the `templates`
/// setting.
Result<MailTemplate> load_mail_template(const std::string& folder, const MailTemplateInfo& info);

/// What `templates` prints: each template with its variables.
void print_templates(std::ostream& out, std::span<const MailTemplateInfo> table);
/// The same for pages.
void print_web_pages(std::ostream& out, std::span<const MailTemplateInfo> table);

/// A page from FOLDER/web/: NAME.html in the place of "<!-- page -->" of frame.html, its first
/// heading in that of "<!-- title -->". Faults as load_mail_template.
Result<Template> load_web_page(const std::string& folder, const MailTemplateInfo& info);

}  // namespace trust::render
