#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/mail/transport.h"
#include "lib/net/stream.h"
#include "lib/smtp/reply.h"

namespace trust::smtp {

/// How long a relay may take. Shorter than RFC 5321 4.5.3.2 wants, because what was given up is
/// tried again later.
struct Patience {
  std::chrono::milliseconds reply{60'000};  ///< to a command, and for taking 64 KiB of a mail
  std::chrono::milliseconds dot{180'000};   ///< to the end of a mail: giving up means uncertain
  std::chrono::milliseconds idle{20'000};   ///< a connection unused for longer is not used again
};

/// A message as DATA carries it, without its final CRLF: every CR, LF and CRLF is a CRLF, and a
/// line's leading dot is doubled (RFC 5321 2.3.8, 4.5.2). So no byte of it can end the mail.
std::string to_wire(std::string_view message);

/// The conversation over one connection, from EHLO to QUIT. One mail at a time, no pipelining.
class Session {
 public:
  /// The stream is logged in; EHLO is said anew, since what the relay offered before is unknown.
  static Result<std::unique_ptr<Session>> open(std::unique_ptr<net::Stream> stream,
                                               std::string_view ehlo_name, Patience patience);

  /// mail::Transport::send over this connection. REQUIRES: is_usable(); the addresses are strict.
  mail::SendResult send(const mail::Envelope& envelope, std::string_view message,
                        const mail::Transport::BeforeDot& before_dot);
  /// False when something was said out of turn, the peer has gone, or a mail ended in doubt.
  bool is_usable();
  void quit();

 private:
  using Deadline = net::Stream::Deadline;
  using Milliseconds = std::chrono::milliseconds;

  Session(std::unique_ptr<net::Stream> stream, Patience patience)
      : stream_{std::move(stream)}, patience_{patience} {}

  Status greet(std::string_view ehlo_name);
  Result<Reply> read_reply(Milliseconds within);
  /// Sends a line and reads its answer. Any failure makes the session unusable.
  Result<Reply> command(std::string_view line);
  bool has_spoken() { return !ahead_.empty() || stream_->has_input(); }

  mail::SendResult relay_failed(Fault fault = Fault::unavailable);
  mail::SendResult relay_failed(const Reply& reply);
  mail::SendResult refused(const Reply& reply);
  mail::SendResult counted(const Reply& refusal);
  mail::SendResult interrupted();
  mail::SendResult after_dot();

  std::unique_ptr<net::Stream> stream_;
  Patience patience_;
  std::string ahead_;  ///< bytes that came after the end of a reply
  bool usable_ = true;
  bool offers_size_ = false;
  std::uint64_t size_limit_ = 0;  ///< 0: none is named
  bool offers_8bit_ = false;
};

}  // namespace trust::smtp
