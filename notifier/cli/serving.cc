#include "notifier/cli/serving.h"

#include "lib/mail/address.h"
#include "lib/program/health.h"
#include "notifier/subscriber/subscriber_store.h"
#include "notifier/web/pages.h"

namespace trust::notifier {

namespace {

program::Health health_of(App& app, const Opened& all) {
  return {all.database, app.clock, "site", all.config.site.poll,
          [&keyring = all.keyring](
              store::Connection& c) -> Result<std::map<std::string, std::map<std::string, int>>> {
            auto readers = SubscriberStore{c, keyring}.count_by_state();
            if (!readers) return readers.error();
            return std::map<std::string, std::map<std::string, int>>{
                {"trust_subscribers", *std::move(readers)}};
          }};
}

Result<std::vector<web::Route>> pages_of(App& app, const Opened& all) {
  Result<PageWords> words = PageWords::load(config::templates_folder(all.config.templates));
  if (!words) return words.error();
  Result<std::vector<std::string>> services = service_names(all.config.services);
  if (!services) return services.error();
  const std::string& public_url = all.office.stationery.public_url;
  return public_routes({all.database, all.keyring, app.clock, public_url, all.site.base_url,
                        std::string{mail::domain_of(all.config.sender.address)},
                        all.config.http.trusted_proxies, *std::move(services)},
                       *std::move(words));
}

}  // namespace

Result<std::vector<std::unique_ptr<web::Server>>> start_serving(App& app, Opened& all) {
  std::vector<std::unique_ptr<web::Server>> servers;
  const auto start = [&](std::string_view key, std::vector<web::Route> routes,
                         const config::ListenAddress& at) -> Status {
    servers.push_back(std::make_unique<web::Server>(web::Router{std::move(routes)}, web::Limits{}));
    Status started = servers.back()->start(at.host, at.port);
    return started ? ok() : Status{started.error().within(key)};
  };
  const config::HttpSettings& http = all.config.http;
  if (http.private_listen)
    if (Status started = start("http.private_listen", program::health_routes(health_of(app, all)),
                               *http.private_listen);
        !started)
      return started.error();
  if (all.office.stationery.public_url.empty()) return servers;
  Result<std::vector<web::Route>> pages = pages_of(app, all);
  if (!pages) return pages.error();
  if (Status started = start("http.listen", *std::move(pages), http.listen); !started)
    return started.error();
  return servers;
}

}  // namespace trust::notifier
