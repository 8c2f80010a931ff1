#include "lib/program/servers.h"

#include "lib/config/config_file.h"
#include "lib/smtp/smtp_transport.h"

namespace trust::program {

namespace {

template <class Group>
Result<net::Endpoint> read_endpoint(std::string_view prefix, const Group& group) {
  net::Endpoint endpoint;
  endpoint.url = group.url.text;
  if (!group.password_file.empty()) {
    Result<std::string> secret =
        config::read_secret_of(std::string{prefix} + ".password_file", group.password_file);
    if (!secret) return secret.error();
    endpoint.password = *std::move(secret);
  }
  if (group.ca_file) endpoint.ca_file = config::credential_path(*group.ca_file);
  return endpoint;
}

/// Every mail goes to `smtp.divert`, whoever it is for.
class Diverted final : public mail::Transport {
 public:
  Diverted(std::unique_ptr<mail::Transport> transport, std::string address)
      : transport_{std::move(transport)}, address_{std::move(address)} {}

  mail::SendResult send(const mail::Envelope& envelope, std::string_view message,
                        const BeforeDot& before_dot) override {
    return transport_->send({envelope.from, address_}, message, before_dot);
  }
  void close() override { transport_->close(); }
  void interrupt() override { transport_->interrupt(); }

 private:
  std::unique_ptr<mail::Transport> transport_;
  std::string address_;
};

smtp::SmtpTransport relay_at(net::Connector& connector, const config::SmtpSettings& smtp) {
  return {connector, [&smtp] { return endpoint_of("smtp", smtp); }};
}

}  // namespace

Result<net::Endpoint> endpoint_of(std::string_view prefix, const config::ImapSettings& imap) {
  return read_endpoint(prefix, imap);
}

Result<net::Endpoint> endpoint_of(std::string_view prefix, const config::SmtpSettings& smtp) {
  return read_endpoint(prefix, smtp);
}

outbox::WorkerSettings sending_with(const config::SmtpSettings& smtp) {
  outbox::WorkerSettings settings;
  settings.connections = smtp.connections;
  settings.rate_per_second = smtp.rate_per_second;
  settings.stop_wait = smtp.stop_wait;
  if (!smtp.password_file.empty())
    settings.secret_stamp = [file = smtp.password_file] { return config::stamp_of(file); };
  return settings;
}

std::unique_ptr<mail::Transport> transport_to(net::Connector& connector,
                                              const config::SmtpSettings& smtp) {
  auto transport = std::make_unique<smtp::SmtpTransport>(
      connector, [&smtp] { return endpoint_of("smtp", smtp); });
  if (!smtp.divert) return transport;
  return std::make_unique<Diverted>(std::move(transport), *smtp.divert);
}

Error explain_relay(net::Connector& connector, const config::SmtpSettings& smtp,
                    const Error& error) {
  smtp::SmtpTransport relay = relay_at(connector, smtp);
  const Status reached = relay.check();
  return reached ? error : reached.error();
}

}  // namespace trust::program
