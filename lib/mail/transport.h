#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lib/base/result.h"

namespace trust::mail {

/// Who a mail is from and to on the wire. Both went through the strict parser; `from` may be "".
struct Envelope {
  std::string from;
  std::string to;
};

/// What became of one mail at the relay.
enum class Outcome {
  accepted,   ///< 2xx after the final dot: theirs now
  deferred,   ///< 4xx: this mail later
  failed,     ///< 5xx: this mail never
  uncertain,  ///< the final dot may have left and no readable answer came
  relay,  ///< connection, greeting, login or 421: nothing to do with this mail; nothing was sent
  held_back,  ///< `before_dot` said no: nothing was sent
};

struct SendResult {
  Outcome outcome = Outcome::relay;
  int code = 0;                      ///< the reply's code; 0 if none
  std::string status;                ///< RFC 3463 status if the reply has one, "5.1.1"
  std::string reply;                 ///< the relay's words, for the store only, never for a log
  Fault fault = Fault::unavailable;  ///< for `relay`: denied = a person must act
  bool under_way = false;            ///< for `relay`: it broke while this mail was handed over
};

/// Hands mails to a relay, one at a time over one connection that is kept. One thread.
class Transport {
 public:
  /// Called when everything but the end of the mail is with the relay. Success: the final dot
  /// leaves. Failure: it never does, the connection is dropped, and the outcome is `held_back`.
  using BeforeDot = std::function<Status()>;

  virtual ~Transport() = default;
  /// `message` is a whole RFC 5322 message; line ends are made CRLF and dots are stuffed here.
  virtual SendResult send(const Envelope& envelope, std::string_view message,
                          const BeforeDot& before_dot) = 0;
  /// QUIT, politely; the object may be used again and reconnects.
  virtual void close() = 0;
  /// From another thread: ends whatever the others wait for. Nothing can be sent afterwards.
  virtual void interrupt() {}
};

}  // namespace trust::mail
