#include "intake/mailbox/mail_file.h"

#include <istream>
#include <string_view>

namespace trust::intake {

namespace {

constexpr std::size_t kPieceBytes = 64U << 10U;
constexpr std::size_t kFirstBytes = 1U << 20U;
constexpr std::string_view kFrom = "From ";

/// ">From ", ">>From ", …
bool is_quoted_from(std::string_view line) {
  const std::size_t quotes = line.find_first_not_of('>');
  return quotes != std::string_view::npos && quotes > 0 && line.substr(quotes).starts_with(kFrom);
}

}  // namespace

MailFile::MailFile(std::istream& in, std::uint64_t max_bytes) : in_{in}, max_bytes_{max_bytes} {
  ended_ = !read_piece();
  is_mbox_ = piece_.starts_with(kFrom);
}

bool MailFile::read_piece() {
  is_line_start_ = piece_.empty() || piece_.back() == '\n';
  piece_.clear();
  while (piece_.size() < kPieceBytes && (piece_.empty() || piece_.back() != '\n')) {
    const int byte = in_.get();
    if (byte == std::char_traits<char>::eof()) break;
    piece_ += static_cast<char>(byte);
  }
  return !piece_.empty();
}

void MailFile::add(Mail& mail, std::string_view bytes) const {
  mail.size += bytes.size();
  if (mail.size > max_bytes_) {
    mail.truncated = true;
    mail.raw.resize(std::min(mail.raw.size(), kFirstBytes));
  } else {
    mail.raw += bytes;
  }
}

std::optional<MailFile::Mail> MailFile::next() {
  if (ended_) return {};
  if (is_mbox_) ended_ = !read_piece();  // the "From " line of this mail
  Mail mail;
  bool blank_before = false;  // it may belong to the next "From " line
  for (char last = '\0'; !ended_; ended_ = !read_piece()) {
    std::string_view line = piece_;
    if (is_mbox_ && is_line_start_ && line.starts_with(kFrom) && (blank_before || mail.size == 0))
      return mail;
    if (blank_before) add(mail, "\r\n");
    const bool is_end = line.ends_with('\n');
    if (is_end) line.remove_suffix(1);
    if (is_end && line.ends_with('\r')) line.remove_suffix(1);
    blank_before = is_mbox_ && is_line_start_ && is_end && line.empty();
    if (blank_before) continue;
    if (is_mbox_ && is_line_start_ && is_quoted_from(line)) line.remove_prefix(1);
    add(mail, line);
    // The CR of a CRLF that a piece's end cut apart is there already.
    if (is_end) add(mail, line.empty() && last == '\r' ? "\n" : "\r\n");
    last = line.empty() ? '\0' : line.back();
  }
  return mail;
}

}  // namespace trust::intake
