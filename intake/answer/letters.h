#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "intake/answer/answer.h"
#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/render/mail_template.h"

namespace trust::intake {

/// Every kind of mail intake sends, with the names its file may use; what `templates` prints.
std::span<const render::MailTemplateInfo> letter_table();

/// The words of all of them, read and checked once. Any thread.
class Letters {
 public:
  /// From `folder`/mail/en. Fails as render::load_mail_template, naming the file.
  static Result<Letters> load(const std::string& folder);

  /// REQUIRES a name of letter_table().
  Result<render::MailText> write(std::string_view name, const render::Values& values) const;

 private:
  std::map<std::string, render::MailTemplate, std::less<>> templates_;
};

/// What every mail is written with; all of it outlives the pen.
struct Pen {
  const Identity& identity;
  const Keyring& keyring;
  const Letters& letters;
  UtcTime now;
};

}  // namespace trust::intake
