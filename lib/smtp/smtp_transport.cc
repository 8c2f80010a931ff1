#include "lib/smtp/smtp_transport.h"

#include "lib/base/log.h"
#include "lib/mail/address.h"

namespace trust::smtp {

namespace {

using mail::Outcome;
using mail::SendResult;
using std::chrono::steady_clock;

SendResult bad_address(std::string_view status, std::string_view why) {
  return {.outcome = Outcome::failed,
          .code = 553,
          .status = std::string{status},
          .reply = std::string{why}};
}

}  // namespace

SmtpTransport::SmtpTransport(net::Connector& connector, NewEndpoint new_endpoint, Patience patience)
    : connector_{connector}, new_endpoint_{std::move(new_endpoint)}, patience_{patience} {}

SmtpTransport::SmtpTransport(net::Connector& connector, net::Endpoint endpoint, Patience patience)
    : SmtpTransport{
          connector,
          [endpoint = std::move(endpoint)]() -> Result<net::Endpoint> { return endpoint; },
          patience} {}

SmtpTransport::~SmtpTransport() { SmtpTransport::close(); }

Status SmtpTransport::connect() {
  Result<net::Endpoint> endpoint = new_endpoint_();
  if (!endpoint) return endpoint.error();
  endpoint->interrupt = &interrupt_;
  Result<std::unique_ptr<net::Stream>> stream = connector_.connect(*endpoint);
  if (!stream) return stream.error();
  Result<std::unique_ptr<Session>> session =
      Session::open(*std::move(stream), endpoint->ehlo_name, patience_);
  if (!session) return session.error();
  session_ = *std::move(session);
  log(Event::relay_connected);
  return ok();
}

SendResult SmtpTransport::send(const mail::Envelope& envelope, std::string_view message,
                               const BeforeDot& before_dot) {
  const Result<std::string> to = mail::strict_address(envelope.to);
  if (!to) return bad_address("5.1.3", "the recipient is no address");
  const Result<std::string> from =
      envelope.from.empty() ? Result<std::string>{""} : mail::strict_address(envelope.from);
  if (!from) return bad_address("5.1.7", "the sender is no address");

  bool end_was_near = false;
  const auto asked = [&]() -> Status {
    end_was_near = true;
    return before_dot();
  };
  if (session_ && (steady_clock::now() - last_used_ > patience_.idle || !session_->is_usable()))
    close();
  for (bool kept = session_ != nullptr;; kept = false) {
    if (!session_)
      if (const Status connected = connect(); !connected)
        return {.outcome = Outcome::relay, .fault = connected.error().fault()};
    SendResult result = session_->send({*from, *to}, message, asked);
    last_used_ = steady_clock::now();
    if (!session_->is_usable()) session_.reset();
    // Relays close connections that rest; that is no trouble worth a pause.
    if (result.outcome == Outcome::relay && kept && !end_was_near && !session_) continue;
    return result;
  }
}

void SmtpTransport::close() {
  if (session_) session_->quit();
  session_.reset();
}

Status SmtpTransport::check() {
  close();
  Status connected = connect();
  last_used_ = steady_clock::now();
  return connected;
}

}  // namespace trust::smtp
