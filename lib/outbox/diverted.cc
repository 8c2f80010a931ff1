#include "lib/outbox/diverted.h"

#include <utility>

namespace trust::outbox {

namespace {

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

}  // namespace

std::unique_ptr<mail::Transport> diverted(std::unique_ptr<mail::Transport> transport,
                                          std::string address) {
  return std::make_unique<Diverted>(std::move(transport), std::move(address));
}

}  // namespace trust::outbox
