#pragma once

#include <string>
#include <string_view>

namespace trust::html {

/// Character references resolved: decimal, hexadecimal, and the names that mail and web pages use.
/// Numbers 128-159 mean windows-1252 (as browsers have it); NUL, surrogates and what is beyond
/// Unicode become U+FFFD. An unknown name stays as it is written.
std::string decode_entities(std::string_view text);

/// `text` with & < > " ' as references, for HTML and XML, in text and in quoted attributes.
std::string encode_entities(std::string_view text);

/// What a byte means in windows-1252; 0 for the five it leaves open, and for NUL.
unsigned from_windows_1252(unsigned byte);

/// `code_point` as UTF-8; U+FFFD if it is none.
std::string to_utf8(unsigned code_point);

}  // namespace trust::html
