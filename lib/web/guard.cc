#include "lib/web/guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/base/id.h"
#include "lib/base/text.h"

namespace trust::web {

namespace {

constexpr std::size_t kMostKeys = 100'000;

std::string form_mac(const Keyring& keyring, std::string_view form, std::string_view made) {
  return keyring.digest("form", std::string{form} + '\0' + std::string{made}).substr(0, 32);
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> security_fields() {
  return {{"Content-Security-Policy",
           "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action "
           "'self'; base-uri 'none'; frame-ancestors 'none'"},
          {"Strict-Transport-Security", "max-age=31536000"},
          {"X-Content-Type-Options", "nosniff"},
          {"Referrer-Policy", "no-referrer"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"}};
}

Source source_of(const Request& request, std::string_view origin) {
  const std::string site = request.field("sec-fetch-site");
  const std::string from = request.field("origin");
  if (!site.empty() && site != "same-origin" && site != "none") return Source::elsewhere;
  if (!from.empty() && from != "null") return from == origin ? Source::ours : Source::elsewhere;
  return site.empty() ? Source::unknown : Source::ours;
}

std::string origin_of(std::string_view url) {
  const std::size_t host = std::min(url.find("://"), url.size() - 3) + 3;
  std::string origin = to_lower(url.substr(0, url.find('/', host)));
  if (origin.ends_with(":443")) origin.resize(origin.size() - 4);
  return origin;
}

std::string form_token(const Keyring& keyring, std::string_view form, UtcTime now) {
  const std::string made = std::to_string(to_epoch_ms(now) / 1000);
  return made + "." + form_mac(keyring, form, made);
}

bool is_form_token(const Keyring& keyring, std::string_view form, std::string_view token,
                   UtcTime now, std::chrono::hours max_age) {
  const std::string_view made = token.substr(0, token.find('.'));
  const auto second = number_of<std::int64_t>(made);
  if (!second || made.size() == token.size()) return false;
  if (!equal_in_constant_time(token.substr(made.size() + 1), form_mac(keyring, form, made)))
    return false;
  const auto age = to_epoch_ms(now) / 1000 - *second;
  return age >= 0 && age <= std::chrono::seconds{max_age}.count();
}

std::string network_of(const Request& request, const std::vector<std::string>& trusted) {
  std::string address = request.peer;
  if (std::find(trusted.begin(), trusted.end(), address) != trusted.end()) {
    const std::string chain = request.field("x-forwarded-for");
    address = trim(std::string_view{chain}.substr(chain.rfind(',') + 1));
  }
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return to_hex({bytes.data(), 3});
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return to_hex({bytes.data(), 7});
  return "?";
}

bool HourlyBudget::take(std::string_view key, UtcTime now) {
  const std::scoped_lock lock{mutex_};
  const auto hour = std::chrono::floor<std::chrono::hours>(now.time_since_epoch());
  if (hour != hour_) {
    hour_ = hour;
    secret_ = random_bytes(32);
    counts_.clear();
  }
  // So many senders in an hour are an attack, which the durable ceilings bound.
  if (counts_.size() >= kMostKeys) return false;
  return ++counts_[hmac_sha256(secret_, key)] <= most_;
}

}  // namespace trust::web
