#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace trust::intake {

/// An incident as the notifier's public incidents.json tells it.
struct RegisteredIncident {
  std::string id;
  std::string url;
  std::string title;
  std::string status;  ///< reserved | confirmed | ended | published | corrected | withdrawn

  bool has_post_mortem() const { return status == "published" || status == "corrected"; }
};

/// The register: which post-mortems may be pointed to.
class Register {
 public:
  /// Fault::invalid: not incidents.json. Unknown fields are ignored.
  static Result<Register> from_json(std::string_view text);

  /// A final slash makes no difference.
  const RegisteredIncident* find_url(std::string_view url) const;
  const RegisteredIncident* find_id(std::string_view id) const;

 private:
  std::vector<RegisteredIncident> incidents_;
};

/// An https URL that may stand in a mail: host with a dot, printable ASCII, no user, no quotes or
/// angle brackets, at most 500 bytes.
bool is_plain_https_url(std::string_view url);

}  // namespace trust::intake
