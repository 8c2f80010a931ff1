#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/time.h"
#include "lib/mail/charset.h"

namespace trust::mail {

/// One field as it stands: name as written, raw value unfolded (line ends gone, white space kept).
/// At most 64 KiB of a value are kept; a NUL stands as SUB (0x1A), which decode_text makes U+FFFD.
struct Field {
  std::string name;
  std::string value;
};

/// The fields of one header block, in order. Doubled fields: the first wins, `count` tells.
class Header {
 public:
  /// Never fails: lines that are no field are skipped. Linear in `block`; about 256 KiB are kept.
  static Header read(std::string_view block);

  /// Raw unfolded value of the first field of that name; "" if there is none.
  std::string_view value(std::string_view name) const;
  bool has(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  std::vector<std::string_view> values(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// Unstructured text with RFC 2047 words decoded (adjacent words of one charset joined before they
/// are decoded), raw 8-bit bytes guessed, white space folded. `lossy` tells of guesses.
DecodedText decode_text(std::string_view raw_value);

/// "text/plain; charset=…" and its kind: the first token lower-cased, parameters by lower-case name
/// with RFC 2231 continuations, charsets and percent-encoding resolved (and RFC 2047 words, which
/// do not belong there but occur).
struct Parameterised {
  std::string value;
  std::map<std::string, std::string> parameters;
  bool lossy = false;  ///< some parameter could only be guessed

  /// "" if there is none of that name.
  std::string_view parameter(const std::string& name) const;
};
Parameterised parse_parameters(std::string_view raw_value);

/// Behind the comment (RFC 5322 3.2.2; they nest) whose "(" stands at `open`; npos: it never ends.
std::size_t comment_end(std::string_view text, std::size_t open);

/// The encoded word (RFC 2047 2) that begins at a place, leniently: payloads may hold spaces, raw
/// bytes and single "?". Asked for ascending places the whole costs one pass over the text.
class EncodedWords {
 public:
  struct Word {
    std::string_view charset, payload;
    char encoding = 'Q';  ///< Q or B
    std::size_t end = 0;  ///< behind its "?="
  };
  explicit EncodedWords(std::string_view text) : text_{text} {}
  std::optional<Word> at(std::size_t place);

 private:
  std::string_view text_;
  std::size_t known_from_ = 0;  ///< the next "?=" from here on ...
  std::size_t next_end_ = 0;    ///< ... stands there; npos: none
  bool known_ = false;
};

/// As decode_text, white space left as it is.
DecodedText decode_words(std::string_view raw_value);

/// Every "<…>" of a Message-ID, In-Reply-To or References value, without the <>; in a value without
/// any "<", the words with an "@". Empty ones are dropped, at most 200, each at most 998 bytes.
std::vector<std::string> parse_message_ids(std::string_view raw_value);

/// RFC 5322 date-time with the obsolete forms (names of zones, two-digit years, missing day name
/// or seconds, comments). Nothing outside the years 1970-2200.
std::optional<UtcTime> parse_date(std::string_view raw_value);

}  // namespace trust::mail
