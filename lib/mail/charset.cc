#include "lib/mail/charset.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <vector>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/html/entities.h"
#include "lib/mail/charset_list.h"

namespace trust::mail {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned byte_of(char c) { return static_cast<unsigned char>(c); }
bool is_ascii(char c) { return byte_of(c) < 0x80; }
bool is_plain(std::string_view bytes) {
  return all_of(bytes, [](char c) { return is_ascii(c) && c != '\0' && c != '\x1B'; });
}

/// What a reading gave, and how well it went.
struct Reading {
  std::string text;
  std::size_t errors = 0;  ///< places that were replaced; a character cut off at the end is none
  bool cut = false;        ///< the last character was incomplete
  bool given_up = false;   ///< so wrong that the rest was not read

  bool is_clean() const { return errors == 0 && !cut && !given_up; }
  std::size_t foreign_characters() const {
    const auto leads =
        std::count_if(text.begin(), text.end(), [](char c) { return byte_of(c) >= 0xC0; });
    return static_cast<std::size_t>(leads) - errors - (cut ? 1 : 0);
  }
};

/// RFC 3629; each maximal part of a broken sequence becomes one U+FFFD (Unicode 3.9), as does NUL.
Reading read_utf8(std::string_view bytes) {
  Reading r;
  r.text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const unsigned first = byte_of(bytes[at]);
    if (first < 0x80) {
      if (first == 0) {
        r.text += kReplacement;
        ++r.errors;
      } else {
        r.text += bytes[at];
      }
      ++at;
      continue;
    }
    const std::size_t wanted = first >= 0xC2 && first <= 0xDF   ? 2
                               : first >= 0xE0 && first <= 0xEF ? 3
                               : first >= 0xF0 && first <= 0xF4 ? 4
                                                                : 1;
    std::size_t got = 1;
    for (; got < wanted && at + got < bytes.size(); ++got) {
      const unsigned next = byte_of(bytes[at + got]);
      const unsigned low = got > 1 ? 0x80U : first == 0xE0 ? 0xA0U : first == 0xF0 ? 0x90U : 0x80U;
      const unsigned high = got > 1 ? 0xBFU : first == 0xED ? 0x9FU : first == 0xF4 ? 0x8FU : 0xBFU;
      if (next < low || next > high) break;
    }
    if (wanted > 1 && got == wanted) {
      r.text += bytes.substr(at, got);
    } else {
      r.text += kReplacement;
      if (wanted > 1 && at + got == bytes.size())
        r.cut = true;
      else
        ++r.errors;
    }
    at += got;
  }
  return r;
}

Reading read_windows_1252(std::string_view bytes) {
  Reading r;
  r.text.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const unsigned point = html::from_windows_1252(byte_of(c));
    if (point == 0) ++r.errors;
    if (is_ascii(c) && point != 0)
      r.text += c;
    else
      r.text += point == 0 ? std::string{kReplacement} : html::to_utf8(point);
  }
  return r;
}

/// iconv's state for one charset. Opened once; in a sandbox that is before it closes.
class Converter {
 public:
  Converter() = default;
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (is_open_) iconv_close(state_);
  }

  bool open(const char* name) {
    if (!tried_) {
      state_ = iconv_open("UTF-8", name);
      is_open_ = reinterpret_cast<std::intptr_t>(state_) != -1;  // (iconv_t)-1
    }
    tried_ = true;
    return is_open_;
  }

  Reading read(std::string_view bytes, std::size_t width) {
    Reading r;
    r.text.reserve(bytes.size() + bytes.size() / 2);
    iconv(state_, nullptr, nullptr, nullptr, nullptr);
    char* in = const_cast<char*>(bytes.data());  // iconv does not write there
    std::size_t left = bytes.size();
    while (left > 0 && !r.given_up) {
      const int problem = step(&in, &left, r.text);
      if (problem == E2BIG || problem == 0) continue;
      r.text += kReplacement;
      if (problem == EINVAL) {
        r.cut = true;
        break;
      }
      const std::size_t skipped = std::min(width, left);
      in += skipped;
      left -= skipped;
      ++r.errors;
      r.given_up = r.errors > 10'000 && r.errors > (bytes.size() - left) / 8;
    }
    step(nullptr, nullptr, r.text);  // some charsets hold a letter back for its accent
    if (r.text.find('\0') != std::string::npos) {
      r.errors += static_cast<std::size_t>(std::count(r.text.begin(), r.text.end(), '\0'));
      r.text = to_clean_utf8(r.text);
    }
    return r;
  }

 private:
  /// One call into a buffer; 0 or errno.
  int step(char** in, std::size_t* left, std::string& out) {
    std::array<char, 16384> buffer;
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const std::size_t done = iconv(state_, in, left, &to, &room);
    const int problem = done == static_cast<std::size_t>(-1) ? errno : 0;
    out.append(buffer.data(), buffer.size() - room);
    return problem;
  }

  iconv_t state_{};
  bool tried_ = false;
  bool is_open_ = false;
};

/// The first and second converter of each charset; one set per thread.
std::array<Converter, 2>& converters_of(const Charset& charset) {
  thread_local std::vector<std::array<Converter, 2>> set(charset_list().size());
  return set.at(static_cast<std::size_t>(&charset - charset_list().data()));
}

Reading read_with_iconv(std::string_view bytes, const Charset& charset) {
  auto& [first, second] = converters_of(charset);
  Reading best;
  best.given_up = true;
  if (!first.open(charset.first)) return best;
  best = first.read(bytes, charset.width);
  if (best.is_clean() || charset.second == nullptr || !second.open(charset.second)) return best;
  Reading other = second.read(bytes, charset.width);
  const bool better = best.given_up || other.errors < best.errors;
  return better && !other.given_up ? other : best;
}

/// ISO-2022-JP (RFC 1468) and its relatives, rewritten as EUC-JP, which has no states to lose: a
/// text cut in the middle, a stray byte or a missing escape then harms one character only.
Reading read_iso2022jp(std::string_view bytes) {
  enum class Set { ascii, kana, kanji, kanji_supplement } set = Set::ascii;
  struct Escape {
    std::string_view text;
    Set set;
  };
  constexpr Escape kEscapes[] = {{"\x1B(B", Set::ascii},  {"\x1B(J", Set::ascii},
                                 {"\x1B(I", Set::kana},   {"\x1B$@", Set::kanji},
                                 {"\x1B$B", Set::kanji},  {"\x1B$(D", Set::kanji_supplement},
                                 {"\x1B$(O", Set::kanji}, {"\x1B$(Q", Set::kanji},
                                 {"\x1B$(B", Set::kanji}, {"\x1B$(@", Set::kanji}};
  std::string euc;
  bool cut = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const char c = bytes[at];
    if (c == '\x1B') {
      const auto known = std::find_if(std::begin(kEscapes), std::end(kEscapes), [&](const auto& e) {
        return bytes.substr(at, e.text.size()) == e.text;
      });
      if (known != std::end(kEscapes)) {
        set = known->set;
        at += known->text.size();
        continue;
      }
      if (bytes.size() - at < 4) {  // an escape that was cut off
        cut = true;
        break;
      }
    }
    if (c == '\r' || c == '\n') set = Set::ascii;
    const bool graphic = c > 0x20 && c < 0x7F;
    if (!graphic || set == Set::ascii) {
      euc += is_ascii(c) && c != '\x1B' ? c : '\xFF';
      ++at;
    } else if (set == Set::kana) {
      euc += '\x8E';
      euc += static_cast<char>(byte_of(c) | 0x80U);
      ++at;
    } else if (at + 1 == bytes.size()) {
      cut = true;
      break;
    } else if (bytes[at + 1] <= 0x20 || bytes[at + 1] >= 0x7F) {
      euc += '\xFF';
      ++at;
    } else {
      if (set == Set::kanji_supplement) euc += '\x8F';
      euc += static_cast<char>(byte_of(c) | 0x80U);
      euc += static_cast<char>(byte_of(bytes[at + 1]) | 0x80U);
      at += 2;
    }
  }
  static const Charset& euc_jp = *charset_of_key("eucjp");
  Reading r = read_with_iconv(euc, euc_jp);
  if (cut) {
    r.text += kReplacement;
    r.cut = true;
  }
  return r;
}

/// UTF-16 without a mark: zero bytes stand at even places if the high byte comes first.
Reading read_utf16(std::string_view bytes) {
  std::size_t even = 0, odd = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] == '\0') ++(i % 2 == 0 ? even : odd);
  return read_with_iconv(bytes, *charset_of_key(even > odd ? "utf16be" : "utf16le"));
}

/// What bytes look like when nobody said, or said wrong. `may_be_certain`: valid UTF-8 is no guess.
DecodedText sniff(std::string_view bytes, bool may_be_certain) {
  Reading utf8 = read_utf8(bytes);
  const bool has_escapes = bytes.find("\x1B$") != std::string_view::npos ||
                           bytes.find("\x1B(J") != std::string_view::npos;
  if (has_escapes && all_of(bytes, is_ascii)) {
    Reading r = read_iso2022jp(bytes);
    if (r.errors == 0) return {std::move(r.text), true};
  }
  if (utf8.is_clean()) return {std::move(utf8.text), !may_be_certain};
  if (utf8.errors < utf8.foreign_characters()) return {std::move(utf8.text), true};
  if (all_of(bytes, is_ascii)) return {std::move(utf8.text), true};
  return {read_windows_1252(bytes).text, true};
}

Reading read_as(const Charset& charset, std::string_view bytes) {
  switch (charset.way) {
    case Way::utf8: return read_utf8(bytes);
    case Way::latin: return read_windows_1252(bytes);
    case Way::utf16: return read_utf16(bytes);
    case Way::iso2022jp: return read_iso2022jp(bytes);
    case Way::ascii: break;
    case Way::iconv: return read_with_iconv(bytes, charset);
  }
  Reading r = read_utf8(bytes);
  r.given_up = !is_plain(bytes);  // not ASCII: look at the bytes
  return r;
}

/// Whether replacing the broken places leaves more of the text than reading it as something else.
bool is_mostly_right(const Charset& charset, const Reading& reading) {
  if (reading.given_up) return false;
  const std::size_t right = reading.foreign_characters();
  if (charset.way == Way::utf8) return right > 0 && reading.errors <= right;
  return reading.errors * 4 <= right;
}

}  // namespace

void open_converters() {
  for (const Charset& charset : charset_list()) {
    auto& [first, second] = converters_of(charset);
    if (charset.first != nullptr) first.open(charset.first);
    if (charset.second != nullptr) second.open(charset.second);
  }
}

DecodedText to_utf8(std::string_view bytes, std::string_view label) {
  const std::string key = key_of_label(label);
  const Charset* charset = charset_of_key(key);
  const bool is_utf16 = charset != nullptr && (charset->way == Way::utf16 || charset->width == 2);
  const bool is_wide = is_utf16 || (charset != nullptr && charset->width == 4);
  if (!is_wide && is_plain(bytes)) {
    const bool refused = key.find("utf7") != std::string::npos;
    return {std::string{bytes}, refused && bytes.find('+') != std::string_view::npos};
  }
  if (bytes.starts_with("\xEF\xBB\xBF") && is_valid_utf8(bytes)) {
    Reading r = read_utf8(bytes.substr(3));
    return {std::move(r.text), !r.is_clean()};
  }
  const bool marked = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
  if (marked && bytes.size() % 2 == 0 && (charset == nullptr || is_utf16)) {
    Reading r = read_with_iconv(bytes.substr(2),
                                *charset_of_key(bytes[0] == '\xFF' ? "utf16le" : "utf16be"));
    return {std::move(r.text), !r.is_clean()};
  }
  if (charset == nullptr) return sniff(bytes, /*may_be_certain=*/true);
  if (is_wide && bytes.size() > 8 && is_plain(bytes)) return {std::string{bytes}, true};
  Reading r = read_as(*charset, bytes);
  if (r.is_clean()) return {std::move(r.text), false};
  if (is_mostly_right(*charset, r)) return {std::move(r.text), true};
  return sniff(bytes, charset->way == Way::ascii);
}

std::string_view charset_of(std::string_view label) {
  const Charset* charset = charset_of_key(key_of_label(label));
  return charset == nullptr ? std::string_view{} : charset->name;
}

}  // namespace trust::mail
