#include "notifier/cli/commands.h"

#include <memory>
#include <utility>
#include <vector>

#include "lib/mail/address.h"
#include "lib/program/health.h"
#include "lib/program/servers.h"
#include "lib/program/service.h"
#include "lib/web/server.h"
#include "notifier/flow/service.h"
#include "notifier/subscriber/subscriber_store.h"
#include "notifier/web/pages.h"

namespace trust::notifier {

namespace {

program::Health health_of(const Opened& all) {
  return {all.database, all.app.clock, "site", all.config.site.poll,
          [&keyring = all.keyring](
              store::Connection& c) -> Result<std::map<std::string, std::map<std::string, int>>> {
            auto readers = SubscriberStore{c, keyring}.count_by_state();
            if (!readers) return readers.error();
            return std::map<std::string, std::map<std::string, int>>{
                {"trust_subscribers", *std::move(readers)}};
          }};
}

Result<std::vector<web::Route>> pages_of(const Opened& all) {
  Result<PageWords> words = PageWords::load(config::templates_folder(all.config.templates));
  if (!words) return words.error();
  Result<std::vector<std::string>> services = service_names(all.config.services);
  if (!services) return services.error();
  const std::string& public_url = all.office.stationery.public_url;
  return public_routes({all.database, all.keyring, all.app.clock, public_url, all.site.base_url,
                        std::string{mail::domain_of(all.config.sender.address)},
                        all.config.http.trusted_proxies, *std::move(services)},
                       *std::move(words));
}

/// The servers: health and metrics on http.private_listen, and the pages on http.listen where there
/// is an https http.public_url. They stop with the result, which `all` outlives.
/// Fault::denied: an address cannot be listened at.
Result<std::vector<std::unique_ptr<web::Server>>> start_serving(const Opened& all) {
  std::vector<std::unique_ptr<web::Server>> servers;
  const auto start = [&](std::string_view key, std::vector<web::Route> routes,
                         const config::ListenAddress& at) -> Status {
    servers.push_back(std::make_unique<web::Server>(web::Router{std::move(routes)}, web::Limits{}));
    Status started = servers.back()->start(at.host, at.port);
    return started ? ok() : Status{started.error().within(key)};
  };
  const config::HttpSettings& http = all.config.http;
  if (http.private_listen)
    if (Status started = start("http.private_listen", program::health_routes(health_of(all)),
                               *http.private_listen);
        !started)
      return started.error();
  if (all.office.stationery.public_url.empty()) return servers;
  Result<std::vector<web::Route>> pages = pages_of(all);
  if (!pages) return pages.error();
  if (Status started = start("http.listen", *std::move(pages), http.listen); !started)
    return started.error();
  return servers;
}

class Running final : public program::Service {
 public:
  Running(std::unique_ptr<Opened> all, StopSignal& stop)
      : all_{std::move(all)}, stop_{stop}, service_{parts(), stop} {}

  Status start() override {
    auto serving = start_serving(*all_);
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
      return program::explain_relay(all_->app.connector, all_->config.smtp, idle.sent.error());
    return idle.looked;
  }

 private:
  ServiceParts parts() {
    const config::SmtpSettings& relay = all_->config.smtp;
    return {all_->database,
            all_->keyring,
            all_->office,
            all_->site,
            all_->app.clock,
            all_->config.site.poll,
            program::sending_with(relay),
            [this, &relay] { return program::transport_to(all_->app.connector, relay); },
            relay.stop_wait};
  }

  std::unique_ptr<Opened> all_;
  StopSignal& stop_;
  notifier::Service service_;
  std::vector<std::unique_ptr<web::Server>> serving_;
};

}  // namespace

cli::Exit run_service(App& app, const cli::Arguments& arguments, cli::Io io) {
  const auto load = [&](StopSignal& stop,
                        const program::ProgramStore* at_work) -> Result<program::Loaded> {
    Result<std::unique_ptr<Opened>> all = Opened::open(app, arguments.config_file(), at_work);
    if (!all) return all.error();
    const Config& config = (*all)->config;
    if (const auto there = program::endpoint_of("smtp", config.smtp); !there) return there.error();
    program::ProgramStore store = store_of(config);
    if (Status held = store.hold_against_epoch((*all)->database, at_work, stop); !held)
      return held.error();
    std::vector<std::string> needs_restart = (*all)->needs_restart;
    return program::Loaded{std::make_unique<Running>(*std::move(all), stop), std::move(store),
                           std::move(needs_restart)};
  };
  return program::serve(kProgram, arguments.has("--until-idle"), io, load);
}

}  // namespace trust::notifier
