#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

namespace trust::intake {

/// The mails of a file, one after another: of an mbox (RFC 4155; its "From " lines and what they
/// quote go, as mboxrd has it), or the one mail of any other file. Memory holds one mail, or what
/// is kept of one over the limit. Lines end with CRLF, as IMAP gives them, so that a mail that was
/// saved and one that is fetched have the same bytes.
class MailFile {
 public:
  struct Mail {
    std::string raw;
    std::uint64_t size = 0;  ///< of the whole mail
    bool truncated = false;  ///< larger than the limit: its first 1 MiB only
  };

  MailFile(std::istream& in, std::uint64_t max_bytes);
  /// None: the file has ended, or cannot be read any further (in.bad()).
  std::optional<Mail> next();

 private:
  /// Up to and with the next LF, or 64 KiB of a longer line; false at the end.
  bool read_piece();
  void add(Mail& mail, std::string_view bytes) const;

  std::istream& in_;
  std::uint64_t max_bytes_;
  std::string piece_;
  bool is_line_start_ = true;  ///< of piece_
  bool is_mbox_ = false;
  bool ended_ = false;
};

}  // namespace trust::intake
