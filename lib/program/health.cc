#include "lib/program/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "lib/outbox/outbox_store.h"
#include "lib/program/commands.h"
#include "lib/store/meta_store.h"

namespace trust::program {

namespace {

using namespace std::chrono_literals;

constexpr auto kStoreAnswersWithin = 3s;

/// What the store said.
struct Signs {
  std::optional<UtcTime> at;  ///< when; nothing: never
  std::optional<UtcTime> last_look;
  outbox::OutboxStore::Flow flow;
  std::map<std::string, std::map<std::string, int>> gauges;
  bool store_works = false;  ///< still, or these are the last signs of one that does not
};

Result<Signs> signs_of(const Health& health, UtcTime now) {
  Result<store::Connection> c = health.database.connect();
  if (!c) return c.error();
  store::MetaStore meta{*c};
  if (Status brief = meta.be_brief(); !brief) return brief.error();
  if (Status written = meta.put(store::Fact::last_probe, now); !written) return written.error();
  const auto look = meta.time(store::Fact::last_look);
  if (!look) return look.error();
  outbox::OutboxStore outbox{*c};
  const auto flow = outbox.flow(now);
  if (!flow) return flow.error();
  Signs signs{now, *look, *flow, {}, true};
  if (health.gauges) {
    auto more = health.gauges(*c);
    if (!more) return more.error();
    signs.gauges = *std::move(more);
  }
  auto mails = outbox.count_by_state("");
  if (!mails) return mails.error();
  signs.gauges["trust_outbox_mails"] = *std::move(mails);
  return signs;
}

/// The last signs. One thread at a time asks the store for new ones.
class Watch {
 public:
  explicit Watch(Health health) : health_{std::move(health)} {}

  Signs signs(UtcTime now) {
    std::unique_lock asking{asking_, std::try_to_lock};
    std::unique_lock lock{mutex_};
    if (!asking) {
      Signs known = signs_;
      known.store_works &= now - asked_ <= kStoreAnswersWithin;
      return known;
    }
    asked_ = now;
    lock.unlock();
    Result<Signs> got = signs_of(health_, now);
    lock.lock();
    if (got)
      signs_ = *std::move(got);
    else
      signs_.store_works = false;
    return signs_;
  }

 private:
  const Health health_;
  std::mutex asking_;
  std::mutex mutex_;  ///< of the following
  UtcTime asked_{};
  Signs signs_;
};

bool is_older(const std::optional<UtcTime>& time, UtcTime now, std::chrono::milliseconds than) {
  return !time || now - *time > than;
}

struct Part {
  std::string_view name;
  bool is_well;
  std::string words;
};

std::vector<Part> parts_of(const Health& health, const Signs& signs, UtcTime now) {
  const auto& [oldest_due, relay_answered] = signs.flow;
  const bool waits = oldest_due && is_older(oldest_due, now, 10min);
  return {{"store", signs.store_works, "last written " + age_in_words(signs.at, now)},
          {health.source, is_looked_at(signs.last_look, now, health.poll),
           last_look_in_words(signs.last_look, now, health.poll)},
          {"relay", !(waits && is_older(relay_answered, now, 10min)),
           "last answered " + age_in_words(relay_answered, now)}};
}

bool is_ready(const std::vector<Part>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const Part& part) { return part.is_well; });
}

std::string labels_of(const std::string& key) {
  const std::size_t space = key.find(' ');
  return space == std::string::npos ? fmt::format("state=\"{}\"", key)
                                    : fmt::format("clock=\"{}\",state=\"{}\"", key.substr(0, space),
                                                  key.substr(space + 1));
}

std::string metrics(const Signs& signs, bool ready, UtcTime now) {
  const auto gauge = [](std::string_view name, std::int64_t value) {
    return fmt::format("# TYPE {0} gauge\n{0} {1}\n", name, value);
  };
  std::string text =
      gauge("trust_store_up", signs.store_works ? 1 : 0) + gauge("trust_ready", ready ? 1 : 0);
  if (!signs.store_works) return text;
  for (const auto& [name, time] : {std::pair{"trust_last_look_age_seconds", signs.last_look},
                                   {"trust_relay_answer_age_seconds", signs.flow.relay_answered},
                                   {"trust_oldest_due_mail_age_seconds", signs.flow.oldest_due}})
    if (time) text += gauge(name, std::chrono::floor<std::chrono::seconds>(now - *time).count());
  for (const auto& [name, counts] : signs.gauges) {
    text += fmt::format("# TYPE {} gauge\n", name);
    for (const auto& [key, count] : counts)
      text += fmt::format("{}{{{}}} {}\n", name, labels_of(key), count);
  }
  return text;
}

}  // namespace

bool is_looked_at(const std::optional<UtcTime>& last_look, UtcTime now,
                  std::chrono::milliseconds poll) {
  return !is_older(last_look, now, 3 * poll + 1min);
}

std::string last_look_in_words(const std::optional<UtcTime>& last_look, UtcTime now,
                               std::chrono::milliseconds poll) {
  const std::string age = age_in_words(last_look, now);
  if (!last_look) return "NOT LOOKED AT: never";
  return is_looked_at(last_look, now, poll)
             ? "last looked at " + age
             : fmt::format("NOT LOOKED AT since {} ({})", to_rfc3339(*last_look), age);
}

std::vector<web::Route> health_routes(const Health& health) {
  const auto watch = std::make_shared<Watch>(health);
  return {{"/healthz", [](const web::Request&) { return web::plain(200, "alive"); }},
          {"/readyz",
           [health, watch](const web::Request&) {
             const UtcTime now = health.clock.now();
             const std::vector<Part> parts = parts_of(health, watch->signs(now), now);
             std::string lines;
             for (const Part& part : parts)
               lines += fmt::format("{} {}: {}\n", part.name, part.is_well ? "well" : "NOT WELL",
                                    part.words);
             lines.pop_back();
             return web::plain(is_ready(parts) ? 200 : 503, lines);
           }},
          {"/metrics", [health, watch](const web::Request&) {
             const UtcTime now = health.clock.now();
             const Signs signs = watch->signs(now);
             return web::Response{200, metrics(signs, is_ready(parts_of(health, signs, now)), now),
                                  "text/plain; version=0.0.4; charset=utf-8"};
           }}};
}

}  // namespace trust::program
