#include "lib/mail/charset_list.h"

#include <unordered_map>

#include "lib/base/text.h"

namespace trust::mail {

namespace {

// What browsers and mail clients mean by these labels (WHATWG Encoding), not what the labels say.
constexpr Charset kCharsets[] = {
    {"utf-8", Way::utf8, "utf8 utf unicode11utf8 unicode20utf8 utf8mb3 utf8mb4 65001"},
    {"us-ascii", Way::ascii, "ascii usascii us 646 646us ansix341968 ansix341986 367"},
    {"windows-1252", Way::latin, "1252 88591 8859 latin1 l1 ansi 819 88591windows1252 ir100"},
    {"utf-16", Way::utf16, "utf16 unicode ucs2 10646ucs2"},
    {"utf-16le", Way::iconv, "utf16le ucs2le 1200", "UTF-16LE", nullptr, 2},
    {"utf-16be", Way::iconv, "utf16be ucs2be 1201", "UTF-16BE", nullptr, 2},
    {"iso-2022-jp", Way::iso2022jp,
     "2022jp 2022jp1 2022jp2 2022jp3 2022jp2004 2022jpms 2022jpext jis 50220 50221 50222"},
    {"utf-32le", Way::iconv, "utf32le ucs4le", "UTF-32LE", nullptr, 4},
    {"utf-32", Way::iconv, "utf32 utf32be ucs4 10646ucs4", "UTF-32BE", nullptr, 4},
    {"gb18030", Way::iconv, "gb18030 gb2312 gbk gb 936 euccn chinese gb231280 ir58 eucgb2312cn",
     "GB18030", "GBK"},
    {"big5", Way::iconv, "big5 big5hkscs 950 cnbig5 big5eten big5tw", "BIG5-HKSCS", "CP950"},
    {"shift_jis", Way::iconv, "shiftjis sjis 932 windows31j 31j mskanji 943 kanji", "CP932"},
    {"euc-jp", Way::iconv, "eucjp eucjpms 20932 51932 ujis", "EUC-JP", "EUC-JP-MS"},
    {"euc-kr", Way::iconv, "euckr 949 uhc ksc56011987 ksc5601 ks5601 ksc56011989 korean ir149",
     "UHC"},
    {"iso-2022-kr", Way::iconv, "2022kr", "ISO-2022-KR"},
    {"iso-2022-cn", Way::iconv, "2022cn 2022cnext", "ISO-2022-CN-EXT"},
    {"johab", Way::iconv, "johab 1361", "JOHAB"},
    {"windows-1250", Way::iconv, "1250", "CP1250"},
    {"windows-1251", Way::iconv, "1251", "CP1251"},
    {"windows-1253", Way::iconv, "1253", "CP1253"},
    {"windows-1254", Way::iconv, "1254 88599 latin5 l5", "CP1254"},
    {"windows-1255", Way::iconv, "1255", "CP1255"},
    {"windows-1256", Way::iconv, "1256", "CP1256"},
    {"windows-1257", Way::iconv, "1257", "CP1257"},
    {"windows-1258", Way::iconv, "1258", "CP1258"},
    {"windows-874", Way::iconv, "874 885911 tis620 tis62025330 tis62025291", "CP874"},
    {"iso-8859-2", Way::iconv, "88592 latin2 l2 912", "ISO-8859-2"},
    {"iso-8859-3", Way::iconv, "88593 latin3 l3 913", "ISO-8859-3"},
    {"iso-8859-4", Way::iconv, "88594 latin4 l4 914", "ISO-8859-4"},
    {"iso-8859-5", Way::iconv, "88595 cyrillic 915", "ISO-8859-5"},
    {"iso-8859-6", Way::iconv, "88596 88596i 88596e arabic 1089", "ISO-8859-6"},
    {"iso-8859-7", Way::iconv, "88597 greek greek8 813", "ISO-8859-7"},
    {"iso-8859-8", Way::iconv, "88598 88598i 88598e hebrew logical visual 916", "ISO-8859-8"},
    {"iso-8859-10", Way::iconv, "885910 latin6 l6", "ISO-8859-10"},
    {"iso-8859-13", Way::iconv, "885913 latin7", "ISO-8859-13"},
    {"iso-8859-14", Way::iconv, "885914 latin8", "ISO-8859-14"},
    {"iso-8859-15", Way::iconv, "885915 latin9 l9 923", "ISO-8859-15"},
    {"iso-8859-16", Way::iconv, "885916 latin10 l10", "ISO-8859-16"},
    {"koi8-r", Way::iconv, "koi8r koi8 koi 878 20866", "KOI8-R"},
    {"koi8-u", Way::iconv, "koi8u koi8ru 1168 21866", "KOI8-U"},
    {"macintosh", Way::iconv, "macintosh mac macroman 10000", "MACINTOSH"},
    {"x-mac-cyrillic", Way::iconv, "maccyrillic macukrainian 10007", "MAC-CYRILLIC"},
    {"x-mac-ce", Way::iconv, "macce maccentraleurope 10029", "MAC-CENTRALEUROPE"},
    {"ibm437", Way::iconv, "437 pc8codepage437", "CP437"},
    {"ibm737", Way::iconv, "737", "CP737"},
    {"ibm775", Way::iconv, "775", "CP775"},
    {"ibm850", Way::iconv, "850 pc850multilingual 858", "CP858"},
    {"ibm852", Way::iconv, "852", "CP852"},
    {"ibm855", Way::iconv, "855", "CP855"},
    {"ibm857", Way::iconv, "857", "CP857"},
    {"ibm862", Way::iconv, "862", "CP862"},
    {"ibm866", Way::iconv, "866 cyrillicdos", "CP866"},
    {"koi8-t", Way::iconv, "koi8t", "KOI8-T"},
    {"viscii", Way::iconv, "viscii", "VISCII"},
    {"tcvn", Way::iconv, "tcvn tcvn5712 tcvn57121", "TCVN"},
    {"armscii-8", Way::iconv, "armscii8", "ARMSCII-8"},
};

const Charset* charset_with_key(std::string_view key) {
  static const auto table = [] {
    std::unordered_map<std::string_view, const Charset*> made;
    for (const Charset& charset : kCharsets)
      for (const std::string_view label : split(charset.labels, ' ')) made.emplace(label, &charset);
    return made;
  }();
  const auto found = table.find(key);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace

std::span<const Charset> charset_list() { return kCharsets; }

std::string key_of_label(std::string_view label) {
  std::string key;
  for (const char c : label.substr(0, label.find('*')).substr(0, 64)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) key += c;
    if (c >= 'A' && c <= 'Z') key += static_cast<char>(c - 'A' + 'a');
  }
  return key;
}

const Charset* charset_of_key(std::string_view key) {
  if (key.empty()) return nullptr;
  if (const Charset* found = charset_with_key(key)) return found;
  for (const std::string_view prefix :
       {"windows", "win", "cs", "cp", "ms", "ibm", "dos", "iso", "x", "codepage", "charset"})
    if (key.starts_with(prefix))
      if (const Charset* found = charset_of_key(key.substr(prefix.size()))) return found;
  return nullptr;
}

}  // namespace trust::mail
