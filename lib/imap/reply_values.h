#pragma once

#include "lib/imap/reply_parser.h"

namespace trust::imap {

/// The values that stand in `framed.line` from `from` to its end; nothing if they cannot be read.
/// Literals are moved out.
std::optional<std::vector<Value>> read_values(Framed& framed, std::size_t from,
                                              const ReplyParser::Limits& limits);
/// The same for a response code that begins at `from` with "["; its end is the "]".
std::optional<std::vector<Value>> read_code(Framed& framed, std::size_t from,
                                            const ReplyParser::Limits& limits);

}  // namespace trust::imap
