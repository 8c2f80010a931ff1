#pragma once

#include <string>

#include "lib/render/mail_template.h"

namespace trust::render {

/// A page from FOLDER/web/: NAME.html in the place of "<!-- page -->" of frame.html, its first
/// heading in that of "<!-- title -->". Faults as load_mail_template.
Result<Template> load_web_page(const std::string& folder, const MailTemplateInfo& info);

}  // namespace trust::render
