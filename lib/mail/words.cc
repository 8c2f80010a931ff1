// RFC 2047: encoded words, and the raw 8-bit text that stands where they should.
#include <algorithm>
#include <utility>

#include "lib/base/ascii.h"
#include "lib/base/text.h"
#include "lib/mail/header.h"
#include "lib/mail/transfer.h"

namespace trust::mail {

namespace {

constexpr std::size_t kLongestCharset = 80;

bool is_raw(char c) { return static_cast<unsigned char>(c) >= 0x80; }
bool has_raw(std::string_view text) { return std::any_of(text.begin(), text.end(), is_raw); }

std::string decode_q(std::string_view payload) {
  std::string text{payload};
  std::replace(text.begin(), text.end(), '_', ' ');
  // "=" at the end is a cut escape here, never a soft line end; a blank there counts.
  TransferDecoder decoder{Encoding::quoted_printable};
  text += '.';
  std::string out = decoder.feed(text) + decoder.finish();
  if (!out.empty()) out.pop_back();
  return out;
}

using Word = EncodedWords::Word;

/// Neighbouring words of one charset: characters may be cut between them, and some mailers cut the
/// base64 text itself into words.
DecodedText decode_run(const std::vector<Word>& run) {
  std::string bytes, base64;
  bool raw = false, all_base64 = true;
  for (const Word& word : run) {
    raw |= has_raw(word.payload);
    all_base64 &= word.encoding == 'B';
    if (has_raw(word.payload) && word.encoding == 'B') {
      bytes += word.payload;  // not encoded at all
    } else if (word.encoding == 'B') {
      bytes += decode_transfer(word.payload, Encoding::base64);
      base64 += word.payload;
    } else {
      bytes += decode_q(word.payload);
    }
  }
  // Raw bytes have no business in a word: whoever put them there did not look at the charset.
  if (raw && is_valid_utf8(bytes)) return {to_clean_utf8(bytes), false};
  DecodedText text = to_utf8(bytes, run.front().charset);
  if (text.lossy && all_base64 && run.size() > 1 && !raw) {
    DecodedText joined = to_utf8(decode_transfer(base64, Encoding::base64), run.front().charset);
    if (!joined.lossy) return joined;
  }
  return text;
}

bool same_charset(std::string_view a, std::string_view b) {
  const std::string_view known = charset_of(a);
  return known.empty() ? equals_ignoring_case(a, b) : known == charset_of(b);
}

/// Gathers the pieces of a value in order.
class Decoder {
 public:
  void literal(std::string_view text) {
    if (text.empty()) return;
    const bool only_space = all_of(text, is_space);
    if (only_space && !run_.empty()) {  // dropped if another word follows
      gap_ = text;
      return;
    }
    end_run();
    add(to_utf8(text, ""));
  }

  void word(const Word& word) {
    if (!run_.empty() && !same_charset(run_.front().charset, word.charset)) {
      gap_ = {};
      end_run();
    }
    gap_ = {};
    run_.push_back(word);
  }

  DecodedText finish() {
    end_run();
    return std::move(out_);
  }

 private:
  void end_run() {
    if (!run_.empty()) add(decode_run(run_));
    run_.clear();
    out_.text += gap_;
    gap_ = {};
  }
  void add(const DecodedText& piece) {
    out_.text += piece.text;
    out_.lossy |= piece.lossy;
  }

  DecodedText out_;
  std::vector<Word> run_;
  std::string_view gap_;
};

}  // namespace

std::optional<EncodedWords::Word> EncodedWords::at(std::size_t place) {
  if (text_.substr(place, 2) != "=?") return std::nullopt;
  const std::string_view label = text_.substr(place + 2, kLongestCharset);
  const std::size_t mark = label.find_first_of("? \t\r\n");
  if (mark == std::string_view::npos || label[mark] != '?') return std::nullopt;
  const std::size_t encoding = place + 2 + mark + 1;
  const std::size_t payload = encoding + 2;
  if (payload > text_.size() || text_[encoding + 1] != '?') return std::nullopt;
  Word word;
  if (text_[encoding] == 'B' || text_[encoding] == 'b')
    word.encoding = 'B';
  else if (text_[encoding] != 'Q' && text_[encoding] != 'q')
    return std::nullopt;
  if (!known_ || payload < known_from_ || payload > next_end_) {
    next_end_ = text_.find("?=", payload);
    known_from_ = payload;
    known_ = true;
  }
  if (next_end_ == std::string_view::npos) return std::nullopt;
  word.charset = label.substr(0, mark);
  word.payload = text_.substr(payload, next_end_ - payload);
  word.end = next_end_ + 2;
  return word;
}

DecodedText decode_words(std::string_view raw_value) {
  Decoder decoder;
  EncodedWords words{raw_value};
  std::size_t literal = 0;
  for (std::size_t at = raw_value.find("=?"); at != std::string_view::npos;) {
    const auto word = words.at(at);
    if (!word) {
      at = raw_value.find("=?", at + 2);
      continue;
    }
    decoder.literal(raw_value.substr(literal, at - literal));
    decoder.word(*word);
    literal = word->end;
    at = raw_value.find("=?", literal);
  }
  decoder.literal(raw_value.substr(literal));
  DecodedText out = decoder.finish();
  if (out.text.find('\x1A') != std::string::npos) {
    std::replace(out.text.begin(), out.text.end(), '\x1A', '\0');
    out = {to_clean_utf8(out.text), true};
  }
  return out;
}

DecodedText decode_text(std::string_view raw_value) {
  DecodedText out = decode_words(raw_value);
  out.text = fold_space(out.text);
  return out;
}

}  // namespace trust::mail
