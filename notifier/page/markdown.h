#pragma once

#include <string_view>

#include "lib/base/result.h"
#include "notifier/page/article.h"

namespace trust::notifier {

/// The post-mortem in a Markdown or MDX file: headings, their plain text, and what its front matter
/// says (top level or under "incident"). Comments, imports and tags are no text; "summary" and
/// "root_cause" of the front matter stand for sections that the body lacks.
/// Fault::invalid, with the line: the front matter cannot be read. A time in it that is not UTC is
/// no time.
Result<Article> read_markdown(std::string_view file);

}  // namespace trust::notifier
