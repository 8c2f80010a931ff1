#pragma once

/// lib/smtp: handing one mail at a time to a relay, over a net::Stream.
///   reply.*           replies, from any split of the bytes
///   session.*         the commands of RFC 5321 over one connection
///   smtp_transport.*  mail::Transport: connects, keeps the connection, says what became of a mail
/// Promise: an outcome other than `uncertain` is true. After the first octet of the final CRLF.CRLF
/// only a readable reply makes it anything else. Not here: which mail, when, and how often
/// (lib/outbox).

#include <chrono>
#include <functional>
#include <memory>

#include "lib/mail/transport.h"
#include "lib/net/stream.h"
#include "lib/smtp/session.h"

namespace trust::smtp {

/// One connection to one relay, made when it is needed and kept between mails. One thread.
class SmtpTransport final : public mail::Transport {
 public:
  /// Called at each connect, so that a changed password file or a fresh OAuth2 token is used.
  using NewEndpoint = std::function<Result<net::Endpoint>()>;

  SmtpTransport(net::Connector& connector, NewEndpoint new_endpoint, Patience patience = {});
  SmtpTransport(net::Connector& connector, net::Endpoint endpoint, Patience patience = {});
  ~SmtpTransport() override;

  /// Outcomes by DECISIONS 'SMTP'. An address the strict parser refuses is `failed` with status
  /// 5.1.3 (5.1.7 for the sender), a mail over the relay's SIZE `failed` with 5.3.4; neither is put
  /// on the wire. A kept connection that turns out dead before the end of the
  /// mail is replaced once.
  mail::SendResult send(const mail::Envelope& envelope, std::string_view message,
                        const BeforeDot& before_dot) override;
  void close() override;
  void interrupt() override { interrupt_.fire(); }

  /// For `doctor` and start-up: connects, logs in, EHLO, and keeps the connection. The error is a
  /// sentence that says what to do.
  Status check();

 private:
  Status connect();

  net::Connector& connector_;
  NewEndpoint new_endpoint_;
  Patience patience_;
  net::Interrupt interrupt_;
  std::unique_ptr<Session> session_;
  std::chrono::steady_clock::time_point last_used_;
};

}  // namespace trust::smtp
