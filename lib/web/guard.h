#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/web/request.h"

namespace trust::web {

/// The fields that every answer carries (DESIGN.md 7).
std::vector<std::pair<std::string_view, std::string_view>> security_fields();

/// Which page's form a POST says it comes from. `origin` is ours, "https://lists.example.org". With
/// our Referrer-Policy browsers send `Origin: null`, so Sec-Fetch-Site speaks first; a request that
/// says nothing is `unknown`.
enum class Source { ours, unknown, elsewhere };
Source source_of(const Request& request, std::string_view origin);
/// Scheme, host and port of a URL, as browsers write an Origin.
std::string origin_of(std::string_view url);

/// A mark for a form of ours: when it was made, signed. Good until it is `max_age` old.
std::string form_token(const Keyring& keyring, std::string_view form, UtcTime now);
bool is_form_token(const Keyring& keyring, std::string_view form, std::string_view token,
                   UtcTime now, std::chrono::hours max_age);

/// Who sends: the last X-Forwarded-For where the peer is one of `trusted`, else the peer; of IPv4
/// the /24, of IPv6 the /56, and "?" if it is no address. Only for budgets, never kept or logged.
std::string network_of(const Request& request, const std::vector<std::string>& trusted);

/// How often something may happen in an hour, by a key that stays in memory as a digest under a
/// secret of that hour. Any thread.
class HourlyBudget {
 public:
  explicit HourlyBudget(int most) : most_{most} {}
  /// False: this key's hour is used up.
  bool take(std::string_view key, UtcTime now);

 private:
  std::mutex mutex_;
  int most_;
  std::chrono::hours hour_{-1};
  std::string secret_;
  std::map<std::string, int> counts_;
};

}  // namespace trust::web
