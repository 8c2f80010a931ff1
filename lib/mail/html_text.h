#pragma once

#include <string>
#include <string_view>

namespace trust::mail {

/// What a person would read of an HTML body, as plain text: UTF-8 in (valid, without NUL), UTF-8
/// out. Blocks and rows become lines, lists get "- " or numbers, quotations "> ", links
/// "words <https://…>" (http, https and mailto only; other schemes are shown as "[link: …]"),
/// pictures their alternative text, entities their characters. Script, style, comments and the head
/// are dropped. What the writer hid from readers (display:none, size 0, hidden, white on white) is
/// kept inside "[hidden text: …]", because it is part of what was sent. Nothing is fetched, nothing
/// executed, and nothing of the output is markup. Linear in the bytes, depth is bounded.
std::string html_to_text(std::string_view html);

}  // namespace trust::mail
