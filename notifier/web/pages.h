#pragma once

/// notifier/web: the public pages.  pages.*  /subscribe, /confirm, /unsubscribe, the feeds, the
/// style Promise: GET and HEAD change nothing; an unknown token, and an address that is known,
/// suppressed or none, are told from the others by nothing in the answer. Not here: what happens
/// (flow/subscriber_acted), limits and header fields (lib/web).

#include <map>
#include <string>
#include <vector>

#include "lib/base/time.h"
#include "lib/base/token.h"
#include "lib/render/mail_template.h"
#include "lib/store/database.h"
#include "lib/web/router.h"
#include "notifier/flow/subscriber_acted.h"

namespace trust::notifier {

/// What the pages work with. References outlive them.
struct PagesParts {
  store::Database database;
  const Keyring& keyring;
  const Clock& clock;
  std::string public_url;                    ///< https
  std::string base_url;                      ///< of the incidents
  std::string mail_domain;                   ///< of Message-IDs
  std::vector<std::string> trusted_proxies;  ///< addresses
  std::vector<std::string> services;         ///< names to choose from; empty: no choice
  ConfirmationBudget budget{};
  int asks_per_network = 20;  ///< and hour
  int asks_per_domain = 60;
};

/// The words, from templates/web.
struct PageWords {
  render::Template subscribe;
  std::string consent;                       ///< shown, and kept with each reader
  std::map<std::string, std::string> fixed;  ///< pages without variables, by name
  std::string style;

  /// Faults as load_mail_template.
  static Result<PageWords> load(const std::string& folder);
};

/// What `templates` prints of them.
std::vector<render::MailTemplateInfo> page_templates();

std::vector<web::Route> public_routes(PagesParts parts, PageWords words);

}  // namespace trust::notifier
