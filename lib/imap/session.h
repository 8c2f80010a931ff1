#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "lib/imap/reply_parser.h"
#include "lib/net/stream.h"

namespace trust::imap {

/// How long a server is waited for. A command's time grows with what arrives, so a large mail on a
/// slow line comes through and a byte now and then does not.
struct Patience {
  std::chrono::milliseconds silence{60'000};   ///< for the next byte
  std::chrono::milliseconds command{120'000};  ///< for a command's end, and ...
  std::uint64_t bytes_per_second = 1024;       ///< ... a second more for each of these
};

/// How a command ended.
struct Ending {
  bool ok = false;
  bool broken_fetch = false;  ///< a FETCH reply among its replies could not be read
  Reply reply;                ///< the tagged one
};

/// One logged-in conversation: tags, deadlines, limits, and what every reply may bring. One thread.
/// After Fault::unavailable it is only good for destruction, and every call says so again.
class Session {
 public:
  /// Asks for the capabilities anew: those from before the login are worth nothing.
  static Result<Session> start(std::unique_ptr<net::Stream> stream, Patience patience = {});
  Session(Session&&) noexcept = default;
  Session& operator=(Session&&) = delete;
  ~Session();  ///< LOGOUT, politely; the answer is not waited for

  bool can(const std::string& capability) const { return capabilities_.contains(capability); }

  /// What a command may bring at most: one literal, and all bytes together.
  struct Allowance {
    std::uint64_t literal_bytes = 64U << 10U;
    std::uint64_t bytes = 64U << 20U;
  };
  using OnReply = std::function<void(Reply&)>;
  /// Sends "tag text" and hands over each untagged reply until the tagged one. `text` is ours or
  /// quoted by quote(). NO and BAD are endings, not failures.
  ///   unavailable  BYE, hung up, out of time, over the allowance, no reply, another tag
  Result<Ending> command(std::string_view text, const OnReply& on_reply, Allowance allowance);
  Result<Ending> command(std::string_view text, const OnReply& on_reply) {
    return command(text, on_reply, Allowance{});
  }
  /// IDLE (RFC 2177) until the server tells of a new mail (true; at once), or for `span`.
  /// Fault::denied: the server does not want that; the session goes on. Else as `command`.
  Result<bool> idle(std::chrono::milliseconds span);

 private:
  Session(std::unique_ptr<net::Stream> stream, Patience patience);
  struct Idle;
  Result<Ending> converse(std::string_view text, const OnReply& on_reply, Allowance allowance,
                          Idle* idle);

  std::unique_ptr<net::Stream> stream_;
  Patience patience_;
  ReplyParser parser_;
  std::string tag_prefix_;  ///< random: no mail can hold a line that passes for our tagged reply
  int commands_ = 0;
  bool alive_ = true;
  std::set<std::string> capabilities_;
};

/// A string as IMAP's quoted form. Fault::invalid: control characters or over 1,000 bytes.
Result<std::string> quote(std::string_view text);
/// A mailbox name from UTF-8 to IMAP's modified UTF-7 (RFC 3501 5.1.3). Fault::invalid: not UTF-8.
Result<std::string> to_mailbox_name(std::string_view utf8);
/// "5:9,12" of ascending UIDs; never names one that was not asked for.
std::string to_uid_set(std::span<const std::uint32_t> uids);

}  // namespace trust::imap
