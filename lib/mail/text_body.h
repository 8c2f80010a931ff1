#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/mail/charset.h"
#include "lib/mail/message.h"
#include "lib/mail/split.h"

namespace trust::mail {

/// What a part tree holds for a reader, and what it holds besides.
struct Body {
  std::string text;  ///< lines end with "\n"; valid UTF-8 without NUL
  bool has_html = false;
  bool lossy_charset = false;
  std::vector<Attachment> attachments;
};

/// The readable text of a part tree: every nameless, non-attachment text part in order, of a
/// multipart/alternative the plain one unless it is blank; HTML where there is no plain text;
/// format=flowed joined (RFC 3676). Attachments are every other leaf part; a message/* part is one
/// attachment and is not looked into. If there is no text at all, a named inline text part is both.
Body read_body(std::string_view raw, const Part& root);

/// The decoded text of one text/* part.
DecodedText text_of(std::string_view raw, const Part& part);

}  // namespace trust::mail
