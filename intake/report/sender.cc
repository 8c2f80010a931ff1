#include "intake/report/sender.h"

#include <algorithm>

#include "lib/base/text.h"

namespace trust::intake {

namespace {

bool is_ours(std::string_view address, const std::vector<std::string>& own) {
  return std::any_of(own.begin(), own.end(),
                     [&](const std::string& a) { return equals_ignoring_case(a, address); });
}

/// "security@example.org" and "security.example.org" name the same list.
std::string as_list_id(std::string_view name) {
  std::string id = to_lower(trim(name));
  std::replace(id.begin(), id.end(), '@', '.');
  return id;
}

}  // namespace

Sender sender_of(const mail::ParsedMail& mail, const std::vector<std::string>& own_addresses) {
  Sender sender{mail.from};
  if (mail.from.address.empty() || !is_ours(mail.from.address, own_addresses)) return sender;
  const auto replace = [&](const std::string& name, const std::string& address) {
    if (address.empty() || is_ours(address, own_addresses)) return false;
    sender = {{name, address}, /*replaced=*/true};
    return true;
  };
  if (replace(mail.from.name, mail.original_from)) return sender;
  for (const mail::Address& address : mail.reply_to)
    if (replace(address.name, address.address)) return sender;
  sender.is_ourselves = true;
  return sender;
}

mail::Authentication believed_authentication(const mail::ParsedMail& mail,
                                             std::string_view authserv_id) {
  if (mail.authentication.empty()) return {};
  const mail::Authentication& top = mail.authentication.front();
  if (!authserv_id.empty() && !equals_ignoring_case(top.authserv_id, authserv_id)) return {};
  return top;
}

bool came_by_own_list(const mail::ParsedMail& mail, const std::vector<std::string>& own_addresses,
                      const std::vector<std::string>& own_lists) {
  if (mail.list_id.empty()) return false;
  const std::string id = as_list_id(mail.list_id);
  const auto same = [&](const std::string& own) { return as_list_id(own) == id; };
  return std::any_of(own_addresses.begin(), own_addresses.end(), same) ||
         std::any_of(own_lists.begin(), own_lists.end(), same);
}

}  // namespace trust::intake
