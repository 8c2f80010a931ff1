#pragma once

#include <string>
#include <string_view>

namespace trust::mail {

/// Text as UTF-8, valid and without NUL. `lossy`: some of it could only be guessed or was replaced.
struct DecodedText {
  std::string text;
  bool lossy = false;
};

/// Opens the converters of the fixed charset list for this thread. Needed before a sandbox without
/// file access, where iconv_open fails; elsewhere each is opened at its first use. Repeating it is
/// harmless. Converters belong to their thread, so the functions below may run in any thread.
void open_converters();

/// Bytes of a declared charset as UTF-8. Never fails: the declared charset (by any of its names,
/// also false ones: "1252", gb2312 for GB18030, iso-8859-1 for windows-1252, a quoted label, a
/// label with a language), else what the bytes look like, else windows-1252; what cannot be read is
/// U+FFFD. utf-7 is refused: its bytes are read as the ASCII they are. "" = nothing declared; valid
/// UTF-8 is then no guess. A byte order mark of UTF-8 or UTF-16 is dropped. Linear in the bytes.
DecodedText to_utf8(std::string_view bytes, std::string_view label);

/// The one name under which converters know a label: "utf-8", "windows-1252", "gb18030", …; "" if
/// no converter of the list is meant. Two labels of one charset give the same name.
std::string_view charset_of(std::string_view label);

}  // namespace trust::mail
