#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trust::mail {

/// Content-Transfer-Encoding (RFC 2045 6). 7bit, 8bit, binary and anything unknown are identity.
enum class Encoding { identity, base64, quoted_printable, uuencode };
Encoding encoding_of(std::string_view content_transfer_encoding);

/// Decodes a body that arrives in pieces of any size; any split gives the same bytes. Lenient:
///   base64            foreign characters are skipped, missing padding is no error, text after the
///                     padding is read on while it looks like base64 (bodies padded line by line)
///   quoted-printable  "=" before anything but two hex digits or a line end stays as it is, blanks
///                     at line ends go, soft line ends may be followed by blanks
///   uuencode          what stands between "begin" and "end"; lines without "begin" are skipped
/// Memory: bounded, whatever the body holds.
class TransferDecoder {
 public:
  explicit TransferDecoder(Encoding encoding) : encoding_{encoding} {}

  /// The bytes that are certain after this piece.
  std::string feed(std::string_view piece);
  /// What was still held back. Afterwards the decoder is spent.
  std::string finish();

 private:
  void feed_base64(std::string_view piece, std::string& out);
  void feed_quoted_printable(std::string_view piece, std::string& out);
  void feed_uuencode(std::string_view piece, std::string& out);
  void end_short_group(std::string& out);
  void end_uu_line(std::string& out);

  Encoding encoding_;
  std::uint32_t bits_ = 0;  ///< base64: the digits of the open group
  int digits_ = 0;
  bool padded_ = false;  ///< base64: a group was closed by "="
  bool ended_ = false;   ///< nothing that follows counts
  bool begun_ = false;   ///< uuencode: "begin" was seen
  std::string held_;     ///< blanks, an unfinished escape or line
};

/// The whole body decoded.
std::string decode_transfer(std::string_view body, Encoding encoding);
/// How many bytes decode_transfer would give, without holding them.
std::uint64_t decoded_size(std::string_view body, Encoding encoding);

}  // namespace trust::mail
