#include "lib/program/health.h"

#include <fmt/format.h>

#include "lib/outbox/outbox_store.h"
#include "lib/program/commands.h"
#include "lib/store/meta_store.h"

namespace trust::program {

namespace {

using namespace std::chrono_literals;

/// What the store says now.
struct Signs {
  std::optional<UtcTime> last_look;
  outbox::OutboxStore::Flow flow;
  std::map<std::string, std::map<std::string, int>> gauges;
};

Result<Signs> signs_of(const Health& health, UtcTime now) {
  Result<store::Connection> c = health.database.connect();
  if (!c) return c.error();
  const auto look = store::MetaStore{*c}.time(store::Fact::last_look);
  if (!look) return look.error();
  outbox::OutboxStore outbox{*c};
  const auto flow = outbox.flow(now);
  if (!flow) return flow.error();
  Signs signs{*look, *flow, {}};
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

bool is_older(const std::optional<UtcTime>& time, UtcTime now, std::chrono::milliseconds than) {
  return !time || now - *time > than;
}

/// What is wrong, in words; "" if nothing is.
std::string trouble(const Health& health, const Result<Signs>& signs, UtcTime now) {
  if (!signs) return "the store does not answer";
  if (!is_looked_at(signs->last_look, now, health.poll))
    return "no look at the mailbox or site has succeeded lately";
  if (signs->flow.oldest_due && is_older(signs->flow.oldest_due, now, 10min) &&
      is_older(signs->flow.relay_answered, now, 10min))
    return "mail is due and the relay answers nothing";
  return "";
}

std::string metrics(const Result<Signs>& signs, bool ready, UtcTime now) {
  const auto gauge = [](std::string_view name, std::int64_t value) {
    return fmt::format("# TYPE {0} gauge\n{0} {1}\n", name, value);
  };
  std::string text = gauge("trust_store_up", signs ? 1 : 0) + gauge("trust_ready", ready ? 1 : 0);
  if (!signs) return text;
  for (const auto& [name, time] : {std::pair{"trust_last_look_age_seconds", signs->last_look},
                                   {"trust_relay_answer_age_seconds", signs->flow.relay_answered},
                                   {"trust_oldest_due_mail_age_seconds", signs->flow.oldest_due}})
    if (time) text += gauge(name, std::chrono::floor<std::chrono::seconds>(now - *time).count());
  for (const auto& [name, counts] : signs->gauges) {
    text += fmt::format("# TYPE {} gauge\n", name);
    for (const auto& [state, count] : counts)
      text += fmt::format("{}{{state=\"{}\"}} {}\n", name, state, count);
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
  return {{"/healthz", [](const web::Request&) { return web::plain(200, "alive"); }},
          {"/readyz",
           [health](const web::Request&) {
             const UtcTime now = health.clock.now();
             const std::string wrong = trouble(health, signs_of(health, now), now);
             return wrong.empty() ? web::plain(200, "ready") : web::plain(503, wrong);
           }},
          {"/metrics", [health](const web::Request&) {
             const UtcTime now = health.clock.now();
             const Result<Signs> signs = signs_of(health, now);
             return web::Response{200, metrics(signs, trouble(health, signs, now).empty(), now),
                                  "text/plain; version=0.0.4; charset=utf-8"};
           }}};
}

}  // namespace trust::program
