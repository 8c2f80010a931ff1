#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trust::mail {

/// What compose writes with; reading it back is transfer.h and header.h. `text` is valid UTF-8.

/// A header line with an encoded word has at most 76 characters (RFC 2047 2).
inline constexpr std::size_t kLineChars = 76;

/// RFC 4648 base64, one line without end.
std::string to_base64(std::string_view bytes);
/// In lines of 76 characters, each with CRLF.
std::string base64_lines(std::string_view bytes);

/// RFC 2045 6.7 with CRLF line ends; "\n" ends a line of `text`. Also hides what relays and
/// mailboxes stumble over: a leading dot, "From ", white space at the end of a line.
std::string quoted_printable(std::string_view text);

/// `text` as RFC 2047 words, Q or B, whichever is shorter, safe in a phrase as well as in a
/// subject. The first has at most `first_chars` characters (at least 24), the others 75; no
/// character is divided between two.
std::vector<std::string> encoded_words(std::string_view text, std::size_t first_chars);

/// A parameter for Content-Type or Content-Disposition: name=token, name="a quoted string", or the
/// RFC 2231 form, in as many pieces as its length needs; each fits on a line of 76.
std::vector<std::string> parameter(std::string_view name, std::string_view value);

}  // namespace trust::mail
