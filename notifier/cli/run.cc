#include <utility>

#include "lib/program/servers.h"
#include "lib/program/service.h"
#include "notifier/cli/commands.h"
#include "notifier/cli/serving.h"
#include "notifier/flow/service.h"

namespace trust::notifier {

namespace {

class Running final : public program::Service {
 public:
  Running(App& app, std::unique_ptr<Opened> all, StopSignal& stop)
      : app_{app}, all_{std::move(all)}, stop_{stop}, service_{parts(), stop} {}

  Status start() override {
    auto serving = start_serving(app_, *all_);
    if (!serving) return serving.error();
    serving_ = *std::move(serving);
    return service_.start();
  }
  bool end() override {
    serving_.clear();
    all_->interrupt.fire();
    if (!service_.end()) return false;
    all_->interrupt.reset();
    return true;
  }
  Status until_idle() override {
    const Idle idle = run_until_idle(parts(), stop_);
    if (!idle.sent)
      return program::explain_relay(app_.connector, all_->config.smtp, idle.sent.error());
    return idle.looked;
  }

 private:
  ServiceParts parts() {
    const config::SmtpSettings& relay = all_->config.smtp;
    return {all_->database,
            all_->keyring,
            all_->office,
            all_->site,
            app_.clock,
            all_->config.site.poll,
            program::sending_with(relay),
            [this, &relay] { return program::transport_to(app_.connector, relay); },
            relay.stop_wait};
  }

  App& app_;
  std::unique_ptr<Opened> all_;
  StopSignal& stop_;
  notifier::Service service_;
  std::vector<std::unique_ptr<web::Server>> serving_;
};

}  // namespace

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto load = [&](StopSignal& stop,
                        const program::ProgramStore* at_work) -> Result<program::Loaded> {
    Result<std::unique_ptr<Opened>> all = open_all(app, arguments, at_work);
    if (!all) return all.error();
    const Config& config = (*all)->config;
    if (const auto there = program::endpoint_of("smtp", config.smtp); !there) return there.error();
    program::ProgramStore store = store_of(config);
    std::vector<std::string> needs_restart = (*all)->needs_restart;
    return program::Loaded{std::make_unique<Running>(app, *std::move(all), stop), std::move(store),
                           std::move(needs_restart)};
  };
  return program::serve(kProgram, arguments.has("--until-idle"), io, load);
}

}  // namespace trust::notifier
