#pragma once

#include <string>
#include <string_view>

namespace trust::notifier {

/// `text` as XML 1.0 character data and attribute value: what XML forbids is dropped, the rest
/// escaped.
std::string xml_text(std::string_view text);
/// `text` as HTML inside XML: readers of feeds take descriptions for HTML, so it is escaped twice.
/// Lines become <br/>.
std::string xml_html(std::string_view text);
/// One cell of a Markdown (or MDX) table: no line break, and nothing in it is markup.
std::string markdown_cell(std::string_view text);

}  // namespace trust::notifier
